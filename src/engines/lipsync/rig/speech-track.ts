import type { SpeechPart } from "../../speech/speech-engine.ts";
import { audioMouth } from "./audio-mouth.ts";
import { coarticulate, type MouthSource } from "./coarticulation.ts";
import { type Gesture, type GestureSource, gesturesOf } from "./gestures.ts";
import { mouthEvents } from "./mouth-events.ts";
import { PARAMETER_COUNT, toVector } from "./mouth-parameters.ts";
import { VISEMES } from "./viseme-table.ts";

/** Seconds before the end of the known speech from which the next part may already show in the mouth. */
export const LOOK_AHEAD = 0.2;
/** Seconds after its end for which a part still matters. */
const AFTERMATH = 4;
const MOUTH_AFTERMATH = 0.6;

type Entry = {
  readonly start: number;
  readonly end: number;
  readonly mouth: MouthSource;
  readonly gestures: GestureSource;
};

/**
 * Parts of speech one after the other, as one timeline in seconds from the start of the first. Each part begins and
 * ends in silence, so where two meet their departures from rest are simply added.
 */
export class SpeechTrack {
  #entries: Entry[] = [];
  #duration = 0;
  readonly #rest = toVector(VISEMES.rest.target);
  readonly #scratch = new Float64Array(PARAMETER_COUNT);

  /** Length of the speech so far, seconds. */
  get duration(): number {
    return this.#duration;
  }

  /** @param heard the mouth of a part without phonemes, where something better than its formants tells it */
  add(part: SpeechPart, heard?: MouthSource): void {
    const start = this.#duration;
    const end = start + part.audio.samples.length / part.audio.sampleRate;
    const timed = part.phonemes !== undefined && part.phonemes.length > 0;
    const mouth = timed ? coarticulate(mouthEvents(part)) : (heard ?? audioMouth(part));
    this.#entries.push({ start, end, mouth, gestures: gesturesOf(part) });
    this.#duration = end;
  }

  /** Drops what no frame from `t` on can show. */
  forget(t: number): void {
    if ((this.#entries[0]?.end ?? Infinity) + AFTERMATH < t) this.#entries.shift();
  }

  /** Writes the mouth at `t`. */
  mouthAt(t: number, out: Float64Array): void {
    out.set(this.#rest);
    for (const entry of this.#entries) {
      if (t < entry.start - LOOK_AHEAD || t > entry.end + MOUTH_AFTERMATH) continue;
      entry.mouth.sample(t - entry.start, this.#scratch);
      for (let p = 0; p < PARAMETER_COUNT; p++) {
        out[p]! += (this.#scratch[p] as number) - (this.#rest[p] as number);
      }
    }
  }

  /** Writes what talking adds to the head at `t`. */
  gestureAt(t: number, out: Gesture): void {
    out.nod = 0;
    out.brow = 0;
    out.roll = 0;
    out.yaw = 0;
    out.activity = 0;
    for (const entry of this.#entries) entry.gestures.add(t - entry.start, out);
  }

  /** Centre of the closure that is nearest to `t`, if one is within `reach` seconds. */
  closureNear(t: number, reach: number): number | undefined {
    let best: number | undefined;
    for (const entry of this.#entries) {
      if (t < entry.start - reach || t > entry.end + reach) continue;
      for (const centre of entry.mouth.closures) {
        const at = entry.start + centre;
        if (Math.abs(at - t) <= reach && (best === undefined || Math.abs(at - t) < Math.abs(best - t))) best = at;
      }
    }
    return best;
  }
}
