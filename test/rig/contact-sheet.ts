/**
 * Draws contact sheets to look at: `node test/rig/contact-sheet.ts <person> <folder>` writes visemes, blinks and
 * gaze, and the frames of a made-up sentence as PNG.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { type AvatarSheet, readAvatarSheet } from "../../src/engines/lipsync/rig/avatar-sheet.ts";
import { loadLayers } from "../../src/engines/lipsync/rig/layers.ts";
import { PARAMETER, toVector } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { restPose } from "../../src/engines/lipsync/rig/pose.ts";
import { type Look, Renderer } from "../../src/engines/lipsync/rig/renderer.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { VISEMES } from "../../src/engines/lipsync/rig/viseme-table.ts";
import { toRgb } from "./i420.ts";

const WIDTH = 1280;
const HEIGHT = 720;
const MODELS = join(import.meta.dirname, "../../models");

type Tile = { readonly label: string; readonly data: Uint8Array };
type Crop = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/** Tiles side by side, each cropped and enlarged, labelled in its corner. */
async function sheetOf(tiles: readonly Tile[], crop: Crop, columns: number, zoom: number): Promise<Buffer> {
  const width = Math.round(crop.width * zoom);
  const height = Math.round(crop.height * zoom);
  const pictures = await Promise.all(
    tiles.map(async ({ label, data }, index) => {
      const text = `<svg width="${width}" height="${height}"><text x="8" y="22" font-size="18" font-family="sans-serif" fill="white" stroke="black" stroke-width="3" paint-order="stroke">${label}</text></svg>`;
      const cut = await sharp(toRgb(data, WIDTH, HEIGHT), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
        .extract({ ...crop })
        .resize(width, height, { kernel: "lanczos3" })
        .composite([{ input: Buffer.from(text) }])
        .png()
        .toBuffer();
      return { input: cut, left: (index % columns) * width, top: Math.floor(index / columns) * height };
    }),
  );
  const rows = Math.ceil(tiles.length / columns);
  return sharp({ create: { width: columns * width, height: rows * height, channels: 3, background: "#808080" } })
    .composite(pictures)
    .png({ compressionLevel: 9, palette: false })
    .toBuffer();
}

async function drawer(person: string): Promise<{ sheet: AvatarSheet; draw: (look: Partial<Look>) => Uint8Array }> {
  const directory = join(MODELS, "avatars", person);
  const sheet = await readAvatarSheet(directory);
  const renderer = new Renderer(await loadLayers(directory, sheet, WIDTH, HEIGHT));
  const draw = (look: Partial<Look>): Uint8Array => {
    const rest: Look = {
      pose: restPose(),
      eyes: { gazeX: 0, gazeY: 0, shut: 0 },
      breath: 0,
      mouth: toVector(VISEMES.rest.target),
    };
    const frame = renderer.frames.frame(0, (canvas) => renderer.draw(canvas, { ...rest, ...look }));
    const data = frame.data.slice();
    frame.release();
    return data;
  };
  return { sheet, draw };
}

const around = (x: number, y: number, width: number, height: number): Crop => ({
  left: Math.round(x - width / 2),
  top: Math.round(y - height / 2),
  width,
  height,
});

/** Every viseme, mouth and chin, enlarged. */
export async function visemeSheet(person: string, zoom = 2): Promise<Buffer> {
  const { sheet, draw } = await drawer(person);
  const tiles = Object.values(VISEMES).map(({ name, target }) => {
    const mouth = toVector(target);
    return { label: name, data: draw({ mouth, pose: { ...restPose(), smile: mouth[PARAMETER.smile] as number } }) };
  });
  const reach = sheet.mouth.half_width;
  return sheetOf(tiles, around(sheet.mouth.cx, sheet.mouth.cy + 0.3 * reach, 220, 180), 5, zoom);
}

/** Lids from open to shut, and the eyes' corners of travel. */
export async function eyeSheet(person: string): Promise<Buffer> {
  const { sheet, draw } = await drawer(person);
  const eye = (gazeX: number, gazeY: number, shut: number) => ({ gazeX, gazeY, shut });
  const tiles = [
    ...[0, 0.125, 0.3, 0.5, 0.75, 1].map((shut) => ({ label: `shut ${shut}`, data: draw({ eyes: eye(0, 0, shut) }) })),
    ...[
      [-5, 0],
      [5, 0],
      [0, -3],
      [0, 3],
    ].map(([x = 0, y = 0]) => ({ label: `gaze ${x} ${y}`, data: draw({ eyes: eye(x, y, 0) }) })),
    { label: "brow 3", data: draw({ pose: { ...restPose(), brow: 3 } }) },
    { label: "yaw 4", data: draw({ pose: { ...restPose(), yaw: 4 } }) },
    { label: "yaw -4", data: draw({ pose: { ...restPose(), yaw: -4 } }) },
  ];
  const { lids } = sheet.layers;
  return sheetOf(tiles, around(lids.x + lids.width / 2, lids.y + lids.height / 2, 280, 130), 3, 2);
}

/** Consecutive frames of the given phonemes; the head moves. */
export async function sentenceSheet(
  person: string,
  sounds: readonly (readonly [string, number])[],
  crop: (sheet: AvatarSheet) => Crop,
  zoom: number,
): Promise<Buffer> {
  let at = 0;
  const phonemes: TimedPhoneme[] = sounds.map(([ipa, seconds]) => ({ ipa, start: at, end: (at += seconds) }));
  const samples = Float32Array.from({ length: Math.round(at * 24000) }, (_, i) => 0.3 * Math.sin(i * 0.1));
  const part = { text: "", language: "en", audio: { sampleRate: 24000, samples }, phonemes };
  const speech = (async function* () {
    yield part;
  })();
  const engine = createRigEngine({ modelsDir: MODELS });
  const tiles: Tile[] = [];
  const options = { avatar: `${person}_short`, resolution: "720p", fps: 25, frameSkip: 1 } as const;
  for await (const frame of engine.render(speech, options, new AbortController().signal)) {
    const sound = phonemes.find((p) => p.end > frame.index / 25)?.ipa ?? "";
    tiles.push({ label: `${frame.index} ${sound}`, data: frame.data });
  }
  return sheetOf(tiles, crop(await readAvatarSheet(join(MODELS, "avatars", person))), 8, zoom);
}

/** "Hello, my name is Aliya; five more people…", about two seconds. */
export const SAMPLE: readonly (readonly [string, number])[] = [
  ["", 0.16],
  ["h", 0.06],
  ["ə", 0.06],
  ["l", 0.06],
  ["ˈoʊ", 0.18],
  ["m", 0.08],
  ["aɪ", 0.14],
  ["n", 0.06],
  ["ˈeɪ", 0.14],
  ["m", 0.08],
  ["ɪ", 0.06],
  ["z", 0.08],
  ["f", 0.09],
  ["ˈaɪ", 0.18],
  ["v", 0.07],
  ["p", 0.09],
  ["ˈiː", 0.13],
  ["p", 0.08],
  ["əl", 0.1],
  ["w", 0.07],
  ["ʃ", 0.1],
  ["uː", 0.14],
  ["", 0.3],
];

if (import.meta.main) {
  const [person = "new_talk", folder = "out/sheets"] = process.argv.slice(2);
  await mkdir(folder, { recursive: true });
  // The one that the documentation shows: small enough for a repository.
  const visemes = sharp(await visemeSheet(person, 1.6)).png({ palette: true, quality: 92, compressionLevel: 9 });
  await visemes.toFile(join(folder, `visemes-${person}.png`));
  await sharp(await eyeSheet(person)).toFile(join(folder, `eyes-${person}.png`));
  const mouths = await sentenceSheet(person, SAMPLE, ({ mouth }) => around(mouth.cx, mouth.cy + 10, 160, 130), 1.4);
  await sharp(mouths).toFile(join(folder, `sentence-${person}.png`));
}
