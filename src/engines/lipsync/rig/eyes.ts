import type { Layers } from "./layers.ts";
import { boxOf, copyBox, drawSprite, type TexelBox } from "./sprite.ts";
import type { Texture } from "./texture.ts";

/** Where the eyes look and how far they are shut. */
export type EyeState = {
  /** Iris against its resting place, u, right and down positive. */
  gazeX: number;
  gazeY: number;
  /** 0 open … 1 shut. */
  shut: number;
};

/** Catch-lights are the window's, not the eye's: they follow this share of the gaze. */
const CATCHLIGHT_TRAVEL = 0.2;
/** Gaze in steps of this, u, and lids in steps of 1/16: smaller ones are not worth a repaint. */
const GAZE_STEP = 1 / 8;
const LID_STEPS = 16;

/** Paints both eyes into the head, and only when they have changed. */
export class Eyes {
  readonly #layers: Layers;
  readonly #socket: Texture;
  readonly #box: TexelBox;
  #painted = "";

  /** @param socket the head without eyes, restored before each painting */
  constructor(layers: Layers, socket: Texture) {
    this.#layers = layers;
    this.#socket = socket;
    const { lids } = layers.sheet.layers;
    this.#box = boxOf(socket, lids);
  }

  /** Paints the open eyes for the first time: what is behind them need not be opaque. */
  open(head: Texture): void {
    this.#paint(head, 0, 0, 0, false);
    this.#painted = "0 0 0";
  }

  /** Paints `state` into `head` unless that is what it shows; returns the box that has changed. */
  paint(head: Texture, state: EyeState): TexelBox | undefined {
    const gazeX = Math.round(state.gazeX / GAZE_STEP) * GAZE_STEP;
    const gazeY = Math.round(state.gazeY / GAZE_STEP) * GAZE_STEP;
    const shut = Math.round(Math.min(1, Math.max(0, state.shut)) * LID_STEPS) / LID_STEPS;
    const key = `${gazeX} ${gazeY} ${shut}`;
    if (key === this.#painted) return undefined;
    this.#painted = key;
    this.#paint(head, gazeX, gazeY, shut, true);
    return this.#box;
  }

  #paint(head: Texture, gazeX: number, gazeY: number, shut: number, opaque: boolean): void {
    const { eyes, iris, catchlight, lids, sheet } = this.#layers;
    const places = sheet.layers;
    const box = this.#box;
    copyBox(head, this.#socket, box, !opaque);
    if (shut < 1) {
      drawSprite(head, eyes, places.eyes.x, places.eyes.y, box, { opaque });
      for (const [x, y] of [places.iris.left, places.iris.right]) {
        drawSprite(head, iris, x + gazeX + places.iris.x, y + gazeY + places.iris.y, box, { opaque });
        const lightX = x + gazeX * CATCHLIGHT_TRAVEL + places.catchlight.x;
        const lightY = y + gazeY * CATCHLIGHT_TRAVEL + places.catchlight.y;
        drawSprite(head, catchlight, lightX, lightY, box, { opaque });
      }
    }
    // Between two levels the nearer one is drawn whole and the other laid over it: a blink in motion, not two lids.
    const level = shut * (lids.length - 1);
    const below = Math.floor(level);
    const blend = level - below;
    drawSprite(head, lids[below] as Texture, places.lids.x, places.lids.y, box, { opaque });
    if (blend > 0)
      drawSprite(head, lids[below + 1] as Texture, places.lids.x, places.lids.y, box, { opacity: blend, opaque });
  }
}
