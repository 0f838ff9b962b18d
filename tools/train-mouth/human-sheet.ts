/**
 * Draws what the rig shows for recordings of people: a strip of frames, 80 ms apart, under the sound's envelope.
 * Usage: node tools/train-mouth/human-sheet.ts OUT.png PERSON LABEL=FILE...
 */
import sharp, { type OverlayOptions } from "sharp";
import { join } from "node:path";
import { readAvatarSheet } from "../../src/engines/lipsync/rig/avatar-sheet.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { decodeMono } from "../../src/media/decode-audio.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { toRgb } from "../../test/rig/i420.ts";

const [WIDTH, HEIGHT, FPS] = [1280, 720, 25];
const EVERY = 2;
const COLUMNS = 25;
const CROP = { width: 136, height: 108 };
const TILE = { width: 68, height: 54 };
const STRIP = 30;

const modelsDir = join(import.meta.dirname, "../../models");
const [out = "", person = "", ...files] = process.argv.slice(2);
const binaries = await resolveBinaries({ searchPath: (process.env["PATH"] ?? "").split(":") });
const engine = createRigEngine({ modelsDir });
const { mouth } = await readAvatarSheet(join(modelsDir, "avatars", person));
const region = {
  left: Math.round(mouth.cx - CROP.width / 2),
  top: Math.round(mouth.cy + 12 - CROP.height / 2),
  ...CROP,
};

const pieces: OverlayOptions[] = [];
let top = 0;
const width = COLUMNS * TILE.width;

/** The envelope of a stretch of sound, with what it is. */
function envelope(samples: Float32Array, rate: number, from: number, label: string): Buffer {
  const bars: string[] = [];
  for (let x = 0; x < width; x += 2) {
    const start = Math.round((from + (x / TILE.width) * (EVERY / FPS)) * rate);
    const end = Math.round((from + ((x + 2) / TILE.width) * (EVERY / FPS)) * rate);
    let peak = 0;
    for (let i = start; i < end; i++) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
    const high = Math.min(1, peak * 1.6) * STRIP;
    bars.push(`<rect x="${x}" y="${(STRIP - high) / 2}" width="2" height="${Math.max(0.5, high)}"/>`);
  }
  const text = `<text x="4" y="12" font-size="12" font-family="sans-serif" fill="#000">${label}</text>`;
  return Buffer.from(
    `<svg width="${width}" height="${STRIP}"><rect width="100%" height="100%" fill="#fff"/><g fill="#79a">${bars.join("")}</g>${text}</svg>`,
  );
}

for (const argument of files) {
  const [label = "", file = ""] = argument.split("=", 2);
  const signal = new AbortController().signal;
  const decoded = await decodeMono(file, { binaries, sampleRate: 24_000, maxSeconds: 60, signal });
  const gain = 0.7 / decoded.samples.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
  const audio = { sampleRate: 24_000, samples: decoded.samples.map((x) => x * gain) };
  const speech = (async function* (): AsyncGenerator<SpeechPart> {
    yield { text: "", language: "und", audio };
  })();
  const options = { avatar: `${person}_short`, resolution: "720p", fps: FPS, frameSkip: 1 } as const;
  const tiles: Buffer[] = [];
  for await (const frame of engine.render(speech, options, signal)) {
    if (frame.index % EVERY === 0) {
      const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
      tiles.push(
        await sharp(toRgb(frame.data, WIDTH, HEIGHT), { raw })
          .extract(region)
          .resize(TILE)
          .png()
          .toBuffer(),
      );
    }
    frame.release();
  }
  for (let row = 0; row * COLUMNS < tiles.length; row++) {
    const from = (row * COLUMNS * EVERY) / FPS;
    pieces.push({ input: envelope(audio.samples, audio.sampleRate, from, row === 0 ? label : ""), left: 0, top });
    top += STRIP;
    for (const [i, input] of tiles.slice(row * COLUMNS, (row + 1) * COLUMNS).entries()) {
      pieces.push({ input, left: i * TILE.width, top });
    }
    top += TILE.height;
  }
}
await sharp({ create: { width, height: top, channels: 3, background: "#fff" } })
  .composite(pieces)
  .png({ palette: true, quality: 90, compressionLevel: 9 })
  .toFile(out);
await (engine as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
