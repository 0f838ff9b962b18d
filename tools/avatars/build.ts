/** Draws the avatars and writes their layers: `node tools/avatars/build.ts [new_talk|talk] [out-folder]`. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { paintBrows } from "./brows.ts";
import { paintRoom } from "./background.ts";
import { eyesBox, paintCatchlight, paintEyeballs, paintIris } from "./eyes.ts";
import { paintChinShadow, paintFace } from "./face.ts";
import { LID_LEVELS, paintLid } from "./lids.ts";
import type { Person } from "./person.ts";
import { man } from "./people/man.ts";
import { woman } from "./people/woman.ts";
import { createSurface, FRAME, FULL, place, SCALE, type Sprite, toSprite, writeSprite } from "./raster.ts";
import { LIGHT } from "./spec.ts";

/** Place of one layer in the frame, u. */
export interface LayerBox {
  readonly file: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What avatar.json holds; docs/avatars.md explains every key. */
export interface AvatarFile {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly voice: string;
  readonly texelsPerUnit: number;
  readonly frame: readonly [number, number];
  readonly layers: {
    readonly background: LayerBox;
    readonly torso: LayerBox;
    readonly back_hair?: LayerBox;
    readonly head: LayerBox;
    readonly eyes: LayerBox;
    readonly iris: LayerBox & {
      readonly left: readonly [number, number];
      readonly right: readonly [number, number];
      readonly radius: number;
    };
    readonly catchlight: LayerBox;
    readonly lids: LayerBox & { readonly levels: number };
    readonly brows: LayerBox;
  };
  readonly pivot: readonly [number, number];
  readonly chin: readonly [number, number];
  readonly nose_base_y: number;
  readonly face: {
    readonly cx: number;
    readonly cy: number;
    readonly half_width: number;
    readonly top_y: number;
    readonly chin_y: number;
  };
  readonly eyes: {
    readonly y: number;
    readonly half_width: number;
    readonly left_cx: number;
    readonly right_cx: number;
  };
  readonly jaw: { readonly from_y: number; readonly to_y: number; readonly drop: number };
  readonly mouth: {
    readonly cx: number;
    readonly cy: number;
    readonly half_width: number;
    readonly upper_height: number;
    readonly lower_height: number;
    readonly corner_lift: number;
    readonly palette: Readonly<Record<string, string>>;
  };
  readonly light: { readonly direction: readonly number[] };
  readonly shoulder_y: number;
}

const PEOPLE: readonly Person[] = [woman, man];
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const tenth = (v: number): number => Math.round(v * 10) / 10;
const boxOf = (file: string, s: Sprite): LayerBox => {
  const [x, y, width, height] = s.box;
  return { file, x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) };
};

/** Stacks equally sized sprites into one strip, first on top. */
function strip(frames: readonly Sprite[]): Sprite {
  const first = frames[0] as Sprite;
  const data = new Uint8ClampedArray(first.data.length * frames.length);
  frames.forEach((f, i) => data.set(f.data, i * first.data.length));
  return { box: first.box, width: first.width, height: first.height * frames.length, data };
}

async function build(person: Person, folder: string): Promise<void> {
  const { face, eye, skin, mouth } = person;
  const started = Date.now();
  const painted = paintFace(face, skin, person.seed);
  person.finishSkin?.(painted.ctx);
  const head = createSurface(FULL);
  paintChinShadow(head.ctx, face, skin, person.neck);
  person.paintEars?.(head.ctx);
  place(head.ctx, painted);
  person.paintFrontHair(head.ctx, painted);
  const box = eyesBox(face);
  const levels = Array.from({ length: LID_LEVELS }, (_, i) =>
    toSprite(paintLid(face, eye, skin, painted, box, i), { box }),
  );
  const back = person.paintBackHair?.();
  const sprites: Record<string, Sprite> = {
    torso: toSprite(person.paintTorso()),
    ...(back ? { back_hair: toSprite(back) } : {}),
    head: toSprite(head),
    eyes: toSprite(paintEyeballs(face, eye, box), { box }),
    iris: toSprite(paintIris(eye, person.seed)),
    catchlight: toSprite(paintCatchlight(eye)),
    lids: strip(levels),
    brows: toSprite(paintBrows(face, person.brow, person.seed + 3)),
  };
  const room = paintRoom(person.room);
  const pixels = room.ctx.getImageData(0, 0, FRAME[0], FRAME[1]).data;
  sprites.background = { box: [0, 0, FRAME[0], FRAME[1]], width: FRAME[0], height: FRAME[1], data: pixels };
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  let total = 0;
  const lines: string[] = [];
  for (const [name, sprite] of Object.entries(sprites)) {
    const size = await writeSprite(sprite, join(part, `${name}.webp`));
    total += size;
    lines.push(`${name} ${(size / 1024).toFixed(0)}K`);
  }
  const b = (name: string): LayerBox => boxOf(`${name}.webp`, sprites[name] as Sprite);
  const [ix, iy] = eye.irisOffset;
  const file: AvatarFile = {
    id: person.id,
    name: person.name,
    description: person.description,
    voice: person.voice,
    texelsPerUnit: SCALE,
    frame: FRAME,
    layers: {
      background: b("background"),
      torso: b("torso"),
      ...(back ? { back_hair: b("back_hair") } : {}),
      head: b("head"),
      eyes: b("eyes"),
      iris: {
        ...b("iris"),
        left: [face.cx - face.pupilX - ix, face.eyeY + iy],
        right: [face.cx + face.pupilX + ix, face.eyeY + iy],
        radius: eye.irisRadius,
      },
      catchlight: b("catchlight"),
      lids: { ...b("lids"), levels: LID_LEVELS },
      brows: b("brows"),
    },
    pivot: [person.pivot[0], person.pivot[1]],
    chin: [face.cx, face.chinY],
    nose_base_y: face.noseBaseY,
    face: {
      cx: face.cx,
      cy: (face.hairlineY + face.chinY) / 2,
      half_width: face.halfWidth,
      top_y: face.topY,
      chin_y: face.chinY,
    },
    eyes: {
      y: face.eyeY,
      half_width: face.eyeHalfWidth,
      left_cx: face.cx - face.pupilX,
      right_cx: face.cx + face.pupilX,
    },
    jaw: person.jaw,
    mouth: {
      cx: face.cx,
      cy: face.mouthY,
      half_width: face.mouthHalfWidth,
      upper_height: mouth.upperHeight,
      lower_height: mouth.lowerHeight,
      corner_lift: mouth.cornerLift,
      palette: mouth.palette,
    },
    light: { direction: LIGHT },
    shoulder_y: person.shoulderY,
  };
  // File by file and the sheet last, so that a reader always finds a complete folder.
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(part)) await rename(join(part, name), join(folder, name));
  await rm(part, { recursive: true });
  const sheet = join(folder, "avatar.json");
  await writeFile(`${sheet}.part`, `${JSON.stringify(file, null, 2)}\n`);
  await rename(`${sheet}.part`, sheet);
  console.log(
    `${person.id}: ${(total / 1048576).toFixed(2)} MiB in ${((Date.now() - started) / 1000).toFixed(1)} s (${lines.join(", ")})`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [only, out] = process.argv.slice(2);
  for (const person of PEOPLE)
    if (!only || only === person.id) await build(person, out ?? join(ROOT, "models/avatars", person.id));
}
