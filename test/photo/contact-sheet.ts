/**
 * Contact sheets of the photographed avatar, to be looked at: `node test/photo/contact-sheet.ts [FOLDER]` writes
 * `photo-visemes.jpg` (the documentation's) and `photo-sentence.jpg`.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { frameBytes, planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import { toVector } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { loadPhotoFrame } from "../../src/engines/lipsync/rig/photo/photo-frame.ts";
import { PhotoRenderer } from "../../src/engines/lipsync/rig/photo/photo-renderer.ts";
import { restPose } from "../../src/engines/lipsync/rig/pose.ts";
import { createCanvas } from "../../src/engines/lipsync/rig/canvas.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { VISEMES } from "../../src/engines/lipsync/rig/viseme-table.ts";
import { SAMPLE } from "../rig/contact-sheet.ts";
import { toRgb } from "../rig/i420.ts";
import { partOf, spoken } from "../rig/speech.ts";
import { prepareAstronaut, scratchFolder } from "./astronaut.ts";

const [WIDTH, HEIGHT] = [1280, 720];

type Tile = { readonly label: string; readonly data: Uint8Array };
type Crop = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

async function sheet(tiles: readonly Tile[], crop: Crop, columns: number, width: number): Promise<Buffer> {
  const height = Math.round((crop.height * width) / crop.width);
  const pictures = await Promise.all(
    tiles.map(async ({ label, data }, index) => {
      const text = `<svg width="${width}" height="${height}"><text x="8" y="22" font-size="18" font-family="sans-serif" fill="white" stroke="black" stroke-width="3" paint-order="stroke">${label}</text></svg>`;
      const input = await sharp(toRgb(data, WIDTH, HEIGHT), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
        .extract({ ...crop })
        .resize(width, height, { kernel: "lanczos3" })
        .composite([{ input: Buffer.from(text) }])
        .png()
        .toBuffer();
      return { input, left: (index % columns) * width, top: Math.floor(index / columns) * height };
    }),
  );
  const rows = Math.ceil(tiles.length / columns);
  return sharp({ create: { width: columns * width, height: rows * height, channels: 3, background: "#808080" } })
    .composite(pictures)
    .jpeg({ quality: 86, mozjpeg: true })
    .toBuffer();
}

const folder = process.argv[2] ?? "out/sheets";
await mkdir(folder, { recursive: true });
await using scratch = await scratchFolder();
const profile = await prepareAstronaut(scratch.path);
const photo = await loadPhotoFrame(
  join(scratch.path, profile.kind === "photo" ? profile.picture : ""),
  profile,
  profile.marks,
  WIDTH,
  HEIGHT,
);
const renderer = new PhotoRenderer(photo);
const xs = photo.marks.outerUpper.map(([x]) => x);
const [left, right] = [Math.min(...xs), Math.max(...xs)];
const [half, cx] = [(right - left) / 2, (left + right) / 2];
const cy = (photo.marks.outerUpper[0]?.[1] ?? 0) + 0.25 * half;
const mouth = {
  left: Math.round(cx - 2.3 * half),
  top: Math.round(cy - 1.9 * half),
  width: Math.round(4.6 * half),
  height: Math.round(4 * half),
};

const visemes: Tile[] = [];
for (const { name, target } of [undefined, ...Object.values(VISEMES)].map(
  (each) => each ?? { name: "the photo", target: undefined },
)) {
  const data = new Uint8Array(frameBytes(WIDTH, HEIGHT));
  const planes = planesOf(data, WIDTH, HEIGHT);
  const look = { pose: restPose(), eyes: { gazeX: 0, gazeY: 0, shut: 0 }, breath: 0 };
  if (target) renderer.draw(createCanvas(planes), { ...look, mouth: toVector(target) }, false);
  else for (const plane of ["y", "u", "v"] as const) planes[plane].set(photo.still[plane]);
  visemes.push({ label: name, data });
}
await sharp(await sheet(visemes, mouth, 4, 300)).toFile(join(folder, "photo-visemes.jpg"));

const frames: Tile[] = [];
const engine = createRigEngine({ modelsDir: join(import.meta.dirname, "../../models") });
const options = { avatar: "x_short", likeness: scratch.path, resolution: "720p", fps: 25, frameSkip: 1 } as const;
for await (const frame of engine.render(spoken(partOf(SAMPLE)), options, new AbortController().signal)) {
  frames.push({ label: String(frame.index), data: frame.data.slice() });
  frame.release();
}
const head = { left: Math.round(cx - 210), top: 40, width: 420, height: 440 };
await sharp(await sheet(frames, head, 8, 210)).toFile(join(folder, "photo-sentence.jpg"));
