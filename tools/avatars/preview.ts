/** Composites the written layers at 1x for looking: `node tools/avatars/preview.ts <person> <out-folder> [folder]`. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Canvas, createCanvas, loadImage, type Image } from "@napi-rs/canvas";
import sharp from "sharp";
import { rgba } from "./math.ts";
import { createSurface, place, soft, type Box, type Context } from "./raster.ts";
import type { AvatarFile, LayerBox } from "./build.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function load(folder: string, layer: LayerBox | undefined): Promise<Image | undefined> {
  if (!layer) return undefined;
  return loadImage(
    await sharp(await readFile(join(folder, layer.file)))
      .png({ compressionLevel: 0 })
      .toBuffer(),
  );
}

/** A plain closed mouth with a small smile, only to judge the face. */
function restMouth(ctx: Context, a: AvatarFile): void {
  const m = a.mouth;
  const { cx, cy, half_width: hw, upper_height: up, lower_height: low, corner_lift: lift } = m;
  const p = m.palette as Record<string, string>;
  const box: Box = [cx - hw - 12, cy - 30, 2 * hw + 24, 60];
  // The lip line dips from the corners to the centre: a small, real smile.
  const lineTo = (c: Context): void => {
    c.bezierCurveTo(cx - hw * 0.7, cy - lift * 0.38, cx - hw * 0.36, cy + 0.4, cx - hw * 0.16, cy + 0.3);
    c.quadraticCurveTo(cx, cy + 2.4, cx + hw * 0.16, cy + 0.3);
    c.bezierCurveTo(cx + hw * 0.36, cy + 0.4, cx + hw * 0.7, cy - lift * 0.38, cx + hw, cy - lift);
  };
  soft(ctx, box, 0.7, (c) => {
    const g = c.createLinearGradient(0, cy - up, 0, cy);
    g.addColorStop(0, rgba(p.upper as string, 0.92));
    g.addColorStop(1, rgba(p.line as string, 0.55));
    c.fillStyle = rgba(p.upper as string, 0.95);
    c.beginPath();
    c.moveTo(cx - hw, cy - lift);
    lineTo(c);
    c.bezierCurveTo(cx + hw * 0.6, cy - lift - up * 0.55, cx + hw * 0.36, cy - up - 1.5, cx + hw * 0.22, cy - up - 0.5);
    c.quadraticCurveTo(cx + hw * 0.08, cy - up + 0.6, cx, cy - up * 0.78);
    c.quadraticCurveTo(cx - hw * 0.08, cy - up + 0.6, cx - hw * 0.22, cy - up - 0.5);
    c.bezierCurveTo(cx - hw * 0.36, cy - up - 1.5, cx - hw * 0.6, cy - lift - up * 0.55, cx - hw, cy - lift);
    c.fill();
    c.fillStyle = g;
    c.fill();
    const d = c.createLinearGradient(0, cy, 0, cy + low);
    d.addColorStop(0, p.upper as string);
    d.addColorStop(0.4, p.lower as string);
    d.addColorStop(1, rgba(p.lower as string, 0.9));
    c.fillStyle = d;
    c.beginPath();
    c.moveTo(cx - hw, cy - lift);
    lineTo(c);
    c.bezierCurveTo(cx + hw * 0.76, cy + low * 0.34, cx + hw * 0.5, cy + low * 1.04, cx, cy + low);
    c.bezierCurveTo(cx - hw * 0.5, cy + low * 1.04, cx - hw * 0.76, cy + low * 0.34, cx - hw, cy - lift);
    c.fill();
  });
  soft(ctx, box, 1.5, (c) => {
    c.fillStyle = rgba(p.highlight as string, 0.6);
    c.beginPath();
    c.ellipse(cx - 5, cy + low * 0.46, hw * 0.36, 2.2, 0, 0, 7);
    c.fill();
    c.strokeStyle = rgba(p.highlight as string, 0.5);
    c.lineWidth = 1.3;
    c.beginPath();
    c.moveTo(cx - hw * 0.5, cy - up * 0.95 - 0.5);
    c.quadraticCurveTo(cx - hw * 0.26, cy - up - 2.4, cx, cy - up * 0.8 - 1);
    c.stroke();
  });
  soft(ctx, box, 0.6, (c) => {
    c.strokeStyle = rgba(p.line as string, 0.7);
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(cx - hw - 1, cy - lift - 0.4);
    lineTo(c);
    c.stroke();
    c.fillStyle = rgba(p.line as string, 0.4);
    for (const s of [-1, 1]) {
      c.beginPath();
      c.ellipse(cx + s * hw, cy - lift, 2.3, 1.5, 0, 0, 7);
      c.fill();
    }
  });
}

/** Draws one still at `scale` px per u; `lid` is a level of the strip. */
async function still(folder: string, lid: number, scale: number): Promise<Canvas> {
  const a = JSON.parse(await readFile(join(folder, "avatar.json"), "utf8")) as AvatarFile;
  const canvas = createCanvas(1280 * scale, 720 * scale);
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingQuality = "high";
  ctx.scale(scale, scale);
  const draw = (image: Image | undefined, b: LayerBox | undefined, dx = 0, dy = 0): void => {
    if (image && b) ctx.drawImage(image, b.x + dx, b.y + dy, b.width, b.height);
  };
  const l = a.layers;
  draw(await load(folder, l.background), l.background);
  for (const key of ["back_hair", "torso", "head", "eyes"] as const) {
    if (key === "eyes") {
      const mouth = createSurface([500, 350, 280, 200]);
      restMouth(mouth.ctx, a);
      place(ctx, mouth);
    }
    draw(await load(folder, l[key]), l[key]);
  }
  for (const key of ["left", "right"] as const) {
    const [x, y] = l.iris[key];
    draw(await load(folder, l.iris), l.iris, x, y);
    draw(await load(folder, l.catchlight), l.catchlight, x, y);
  }
  const strip = await load(folder, l.lids);
  if (strip) {
    const h = strip.height / l.lids.levels;
    ctx.drawImage(strip, 0, lid * h, strip.width, h, l.lids.x, l.lids.y, l.lids.width, l.lids.height);
  }
  draw(await load(folder, l.brows), l.brows);
  return canvas;
}

export async function preview(id: string, out: string, folder = join(ROOT, "models/avatars", id)): Promise<void> {
  await mkdir(out, { recursive: true });
  const a = JSON.parse(await readFile(join(folder, "avatar.json"), "utf8")) as AvatarFile;
  const big = await sharp(await (await still(folder, 0, 2)).encode("png")).toBuffer();
  // Skia's plain reduction is soft; Lanczos shows what an encoder would get.
  const one = await sharp(big).resize(1280, 720, { kernel: "lanczos3" }).png().toBuffer();
  await writeFile(join(out, `${id}.png`), one);
  await sharp(one)
    .resize(160)
    .png()
    .toFile(join(out, `${id}_thumb.png`));
  await sharp(one)
    .greyscale()
    .flop()
    .resize(640)
    .png()
    .toFile(join(out, `${id}_grey.png`));
  const f = a.face;
  const crop = { left: Math.round((f.cx - 230) * 2), top: 0, width: 920, height: Math.round((f.chin_y + 60) * 2) };
  await sharp(big)
    .extract(crop)
    .png()
    .toFile(join(out, `${id}_face.png`));
  const eyes = a.layers.lids;
  const strips: Buffer[] = [];
  const region = {
    left: Math.round((eyes.x - 10) * 2),
    top: Math.round((eyes.y - 30) * 2),
    width: Math.round((eyes.width + 20) * 2),
    height: Math.round((eyes.height + 40) * 2),
  };
  for (const level of [0, 2, 4, 6, 8])
    strips.push(
      await sharp(await (await still(folder, level, 2)).encode("png"))
        .extract(region)
        .png()
        .toBuffer(),
    );
  await sharp({ create: { width: region.width, height: region.height * 5, channels: 3, background: "#000" } })
    .composite(strips.map((input, i) => ({ input, left: 0, top: i * region.height })))
    .png()
    .toFile(join(out, `${id}_lids.png`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [id, out, folder] = process.argv.slice(2);
  if (!id || !out) throw new Error("usage: preview.ts <person> <out-folder> [folder]");
  await preview(id, out, folder);
}
