/** Details shared by the clothes: stitching and a faint weave. */
import { createRandom, type Point, rgba, spline } from "./math.ts";
import { type Context, createSurface, pathOf, type Surface } from "./raster.ts";

/** A row of small stitches along a line, u. */
export function stitch(ctx: Context, line: readonly Point[], colour: string, alpha: number): void {
  ctx.save();
  ctx.strokeStyle = rgba(colour, alpha);
  ctx.lineWidth = 0.6;
  ctx.setLineDash([2.2, 1.6]);
  ctx.stroke(pathOf(spline(line, 10), false));
  ctx.restore();
}

/** Adds a faint weave of `levels` to every opaque texel, so that cloth does not band and does not look like plastic. */
export function grainOver(surface: Surface, seed: number, levels: number): void {
  const { width, height } = surface.canvas;
  const image = surface.ctx.getImageData(0, 0, width, height);
  const random = createRandom(seed);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      if ((image.data[i + 3] as number) < 255) continue;
      const g = Math.round(random.bell() * levels * 0.6 + ((x + y) % 4 < 2 ? 0.4 : -0.4) * levels);
      for (let k = 0; k < 3; k++) image.data[i + k] = (image.data[i + k] as number) + g;
    }
  surface.ctx.putImageData(image, 0, 0);
}

/** The same drawing `up` u higher. */
export function raised(surface: Surface, up: number): Surface {
  const moved = createSurface(surface.box);
  moved.ctx.drawImage(surface.canvas, surface.box[0], surface.box[1] - up, surface.box[2], surface.box[3]);
  return moved;
}
