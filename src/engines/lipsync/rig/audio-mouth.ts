import type { SpeechPart } from "../../speech/speech-engine.ts";
import type { MouthSource } from "./coarticulation.ts";
import { loudnessOf } from "./loudness.ts";
import { VISEMES } from "./viseme-table.ts";
import { toVector } from "./mouth-parameters.ts";

/** stand-in */
export function audioMouth(part: SpeechPart): MouthSource {
  const l = loudnessOf(part.audio);
  const rest = toVector(VISEMES.rest.target);
  const open = toVector(VISEMES.aa.target);
  return {
    closures: new Float64Array(0),
    sample(t, out) {
      const v = l.track[Math.max(0, Math.min(l.track.length - 1, Math.round(t / l.step)))] as number;
      const inside = t >= 0 && t < l.track.length * l.step ? v : 0;
      for (let p = 0; p < out.length; p++)
        out[p] = (rest[p] as number) + ((open[p] as number) - (rest[p] as number)) * inside * 0.5;
    },
  };
}
