import { FRAME_POINTS, FRAME_TOP_HZ, type VoiceProfile } from "../../../library/voice-profile.ts";
import { FormantFinder } from "../../../signal/voice/envelope-formants.ts";
import { FORMANTS } from "../../../signal/voice/predictor-roots.ts";
import { type MelBands, melFrequencies } from "../../../signal/voice/mel.ts";
import { type CurvePoint, monotoneCurve } from "../../../signal/voice/monotone-curve.ts";
import type { TimbrePlan } from "./protocol.ts";

/** Frames that a profile keeps. */
const MOST_FRAMES = 240;
/** Fewest that say something. */
const FEWEST_FRAMES = 20;
/** Steps of a byte in a decibel. */
const STEPS = 2;
/** Share of the values on either side that count as outer ones. */
const OUTER = 0.1;
/** Bins from 0 Hz to the ceiling that formants are looked for in. */
const BINS = 160;
/** Multiples of the golden section spread most evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Envelopes as bytes, `FRAME_POINTS` each. */
export function packEnvelopes(envelopes: readonly Float32Array[], mel: MelBands): Uint8Array {
  const packed = new Uint8Array(envelopes.length * FRAME_POINTS);
  const levels = new Float64Array(FRAME_POINTS);
  for (const [frame, power] of envelopes.entries()) {
    levels.fill(0);
    mel.addLevels(power, levels);
    const top = levels.reduce((most, level) => Math.max(most, level), Number.NEGATIVE_INFINITY);
    for (let p = 0; p < FRAME_POINTS; p++) {
      const steps = Math.round(255 + STEPS * ((levels[p] as number) - top));
      packed[frame * FRAME_POINTS + p] = Math.max(0, steps);
    }
  }
  return packed;
}

/** At most `MOST_FRAMES` of the frames, evenly. */
export function thinned(packed: Uint8Array): Uint8Array {
  const frames = packed.length / FRAME_POINTS;
  const kept = Math.min(frames, MOST_FRAMES);
  const result = new Uint8Array(kept * FRAME_POINTS);
  for (let i = 0; i < kept; i++) {
    const from = Math.floor((i * frames) / kept) * FRAME_POINTS;
    result.set(packed.subarray(from, from + FRAME_POINTS), i * FRAME_POINTS);
  }
  return result;
}

/**
 * Mean of sorted frequencies without the outer ones: a vowel more or less moves it less than a median, where there are
 * two heaps, and a mistaken formant less than a mean of all.
 */
export function middleOf(sorted: Float64Array): number {
  const outer = Math.floor(sorted.length * OUTER);
  const inner = sorted.subarray(outer, sorted.length - outer);
  return inner.reduce((sum, hz) => sum + hz, 0) / inner.length;
}

type PitchRange = VoiceProfile["f0"];

/** A pitch for each frame, spread over the range as evenly as numbers can be. */
function pitchOf(frame: number, { median, low, high }: PitchRange): number {
  const place = (frame * GOLDEN) % 1;
  return place < 0.5 ? low * (median / low) ** (2 * place) : median * (high / median) ** (2 * place - 1);
}

/** Tells which formants a speaker's frames have after a change of the timbre. */
export class FrameMeter {
  readonly #frames: Uint8Array;
  readonly #finder: FormantFinder;
  readonly #axis: Float64Array;
  #pitch: PitchRange | undefined;
  readonly #comb = new Float32Array(BINS + 1);
  /** Mean of what all frames of the recording gave over what the kept ones give, by formant. */
  readonly #correction: readonly number[];

  /**
   * @param ceiling Hz below which formants are looked for
   * @param pitch what the frames will be heard at: harmonics are all that a listener gets of an envelope. Without it
   * the envelopes themselves are looked at.
   */
  constructor(profile: VoiceProfile, ceiling: number, pitch?: PitchRange) {
    this.#frames = Buffer.from(profile.frames ?? "", "base64");
    this.#finder = new FormantFinder(2 * ceiling, 2 * BINS, ceiling);
    this.#axis = Float64Array.from({ length: BINS + 1 }, (_, k) => (k * ceiling) / BINS);
    const plain = this.#middles(
      [
        [0, 0],
        [FRAME_TOP_HZ, FRAME_TOP_HZ],
      ],
      [[0, 0]],
    );
    const all = [{ ceiling: profile.formantCeiling, formants: profile.formants }, ...(profile.otherFormants ?? [])];
    const known = all.find((one) => one.ceiling === ceiling)?.formants;
    this.#correction = profile.formants.map((_, i) =>
      plain && known ? (known[i] as number) / (plain[i] as number) : 1,
    );
    this.#pitch = pitch;
  }

  /** Middles in Hz; undefined where too few frames are known. */
  formants({ warp, equaliser }: TimbrePlan): readonly number[] | undefined {
    return this.#middles(warp, equaliser)?.map((hz, i) => hz * (this.#correction[i] as number));
  }

  /** What of an envelope is left at the harmonics of `hz`, each shared by the bins beside it. */
  #harmonics(power: Float32Array, hz: number): Float32Array {
    const binHz = this.#axis[1] as number;
    const comb = this.#comb.fill(0);
    for (let place = hz / binHz; place < BINS; place += hz / binHz) {
      const low = Math.floor(place);
      const share = place - low;
      const level = (power[low] as number) ** (1 - share) * (power[low + 1] as number) ** share;
      comb[low] = (comb[low] as number) + (1 - share) * level;
      comb[low + 1] = (comb[low + 1] as number) + share * level;
    }
    return comb;
  }

  #middles(warp: readonly CurvePoint[], equaliser: readonly CurvePoint[]): number[] | undefined {
    const points = melFrequencies(FRAME_POINTS, FRAME_TOP_HZ);
    const places = monotoneCurve(
      [...points].map((hz, point) => [hz, point] as const),
      monotoneCurve(warp, this.#axis),
    );
    const gains = monotoneCurve(equaliser, this.#axis).map((db) => 10 ** (db / 10));
    const power = new Float32Array(BINS + 1);
    const found: number[][] = Array.from({ length: FORMANTS }, () => []);
    for (let from = 0; from + FRAME_POINTS <= this.#frames.length; from += FRAME_POINTS) {
      for (let k = 0; k <= BINS; k++) {
        const place = places[k] as number;
        const low = Math.min(FRAME_POINTS - 2, Math.floor(place));
        const steps = this.#frames[from + low] as number;
        const level = steps + (place - low) * ((this.#frames[from + low + 1] as number) - steps);
        power[k] = (gains[k] as number) * Math.exp(level * (Math.LN10 / 10 / STEPS));
      }
      const seen = this.#pitch ? this.#harmonics(power, pitchOf(from / FRAME_POINTS, this.#pitch)) : power;
      if (!this.#finder.find(seen)) continue;
      for (let f = 0; f < FORMANTS; f++) found[f]?.push(this.#finder.formants[f] as number);
    }
    if ((found[0]?.length ?? 0) < FEWEST_FRAMES) return undefined;
    return found.map((values) => middleOf(Float64Array.from(values).sort()));
  }
}
