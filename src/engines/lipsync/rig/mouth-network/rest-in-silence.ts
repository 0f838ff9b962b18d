import { PARAMETER_COUNT, toVector } from "../mouth-parameters.ts";
import { VISEMES } from "../viseme-table.ts";
import { BANDS } from "./mouth-features.ts";
import { LEFT, RIGHT, ROW } from "./mouth-model.ts";

/** A frame whose bands are all below this, 60 dB under the voice, is silence and no stop's gap in a room. */
const QUIET = -3;
/** Frames of silence after which the mouth begins to rest, and in which it comes to it: lips are closed after 120 ms. */
const HOLD = 5;
const CLOSING = 6;

const REST = toVector(VISEMES.rest.target);

/**
 * Lays mouths to rest in silence, whatever the network made of it: a held note that ends leaves it open for long. What is
 * heard within the look-ahead opens the mouth again before it sounds.
 * @param rows `ROW` numbers per frame, which are changed
 * @param seen the features that they were made of: `LEFT` frames before, `RIGHT` behind
 */
export function restInSilence(rows: Float32Array, seen: Float32Array): void {
  const quiet = Array.from({ length: seen.length / BANDS }, (_, frame) =>
    seen.subarray(frame * BANDS, (frame + 1) * BANDS).every((x) => x < QUIET),
  );
  let silent = 0;
  for (let frame = 0; frame < LEFT; frame++) silent = quiet[frame] ? silent + 1 : 0;
  for (let i = 0; i < rows.length / ROW; i++) {
    silent = quiet[LEFT + i] ? silent + 1 : 0;
    if (silent <= HOLD) continue;
    const sound = quiet.slice(LEFT + i, LEFT + i + RIGHT).indexOf(false);
    const weight = Math.min(1, (silent - HOLD) / CLOSING) * (sound < 0 ? 1 : sound / RIGHT);
    for (let p = 0; p < PARAMETER_COUNT; p++) {
      const value = rows[i * ROW + p] as number;
      rows[i * ROW + p] = value + weight * ((REST[p] as number) - value);
    }
  }
}
