/** Both ears, drawn under the face so that their front edge disappears behind the cheek. */
import { type Point, rgba, spline } from "./math.ts";
import { type Box, type Context, createSurface, ellipse, pathOf, place, soft } from "./raster.ts";
import type { SkinColours } from "./spec.ts";

export interface EarSpec {
  readonly cx: number;
  /** Distance of the ear's root from the face axis. */
  readonly root: number;
  readonly top: number;
  readonly bottom: number;
  /** How far the helix stands out, u. */
  readonly out: number;
}

export function paintEars(ctx: Context, ear: EarSpec, colours: SkinColours): void {
  const h = ear.bottom - ear.top;
  for (const side of [-1, 1]) {
    const at = (x: number, y: number): Point => [ear.cx + side * (ear.root + x * ear.out), ear.top + y * h];
    const box: Box = [ear.cx + side * ear.root - ear.out * 2, ear.top - 10, ear.out * 4, h + 20];
    const shape = pathOf(
      spline(
        [
          at(-0.5, 0.1),
          at(0.15, 0.0),
          at(0.72, 0.05),
          at(1, 0.22),
          at(0.96, 0.44),
          at(0.8, 0.66),
          at(0.64, 0.85),
          at(0.32, 0.99),
          at(-0.1, 0.94),
          at(-0.5, 0.7),
        ],
        10,
        true,
      ),
    );
    const layer = createSurface(box);
    const lit = side < 0;
    soft(layer.ctx, box, 0.7, (c) => {
      const g = c.createLinearGradient(box[0], ear.top, box[0] + box[2], ear.bottom);
      g.addColorStop(0, lit ? colours.light : colours.base);
      g.addColorStop(0.5, lit ? colours.base : colours.mid);
      g.addColorStop(1, lit ? colours.mid : colours.shade);
      c.fillStyle = g;
      c.fill(shape);
    });
    const atop = { mode: "source-atop" } as const;
    // Bowl and the fold under the helix.
    soft(
      layer.ctx,
      box,
      2.2,
      (c) => {
        c.fillStyle = rgba(colours.contact, 0.62);
        c.fill(ellipse(...at(0.22, 0.52), ear.out * 0.3, h * 0.17, side * 0.3));
        c.strokeStyle = rgba(colours.contact, 0.6);
        c.lineWidth = 3;
        c.stroke(
          pathOf(spline([at(0.02, 0.16), at(0.5, 0.13), at(0.76, 0.26), at(0.72, 0.46), at(0.52, 0.66)], 8), false),
        );
      },
      atop,
    );
    soft(
      layer.ctx,
      box,
      1.3,
      (c) => {
        c.strokeStyle = rgba(colours.light, lit ? 0.7 : 0.4);
        c.lineWidth = 2.6;
        c.stroke(
          pathOf(spline([at(0.1, 0.06), at(0.68, 0.1), at(0.92, 0.25), at(0.88, 0.44), at(0.68, 0.64)], 8), false),
        );
        c.lineWidth = 2;
        c.stroke(pathOf(spline([at(0.2, 0.3), at(0.46, 0.34), at(0.46, 0.52), at(0.3, 0.7)], 8), false));
      },
      atop,
    );
    soft(
      layer.ctx,
      box,
      4,
      (c) => {
        c.fillStyle = rgba(colours.blush, 0.22);
        c.fill(ellipse(...at(0.4, 0.5), ear.out * 0.6, h * 0.5));
      },
      atop,
    );
    if (!lit)
      soft(
        layer.ctx,
        box,
        1.1,
        (c) => {
          c.strokeStyle = rgba(colours.rim, 0.75);
          c.lineWidth = 2;
          c.stroke(pathOf(spline([at(0.75, 0.07), at(0.99, 0.22), at(0.95, 0.44), at(0.73, 0.66)], 8), false));
        },
        atop,
      );
    // The lobe turns down, away from the light.
    soft(
      layer.ctx,
      box,
      4,
      (c) => {
        c.fillStyle = rgba(colours.contact, 0.36);
        c.fill(ellipse(...at(0.2, 0.98), ear.out * 0.7, h * 0.12));
      },
      atop,
    );
    // The cheek and the sideburn shade the root.
    soft(
      layer.ctx,
      box,
      3,
      (c) => {
        c.fillStyle = rgba(colours.contact, 0.5);
        c.fill(ellipse(...at(-0.12, 0.5), ear.out * 0.16, h * 0.5));
      },
      atop,
    );
    place(ctx, layer);
  }
}
