import { AppError } from "../../../errors.ts";
import {
  APERIODICITY_EDGES_HZ,
  SPECTRUM_POINTS,
  SPECTRUM_TOP_HZ,
  type VoiceProfile,
} from "../../../library/voice-profile.ts";
import { FORMANTS } from "../../../signal/voice/predictor-roots.ts";
import { melFrequencies } from "../../../signal/voice/mel.ts";
import { middleOf, thinned } from "./kept-frames.ts";
import { FORMANT_CEILINGS_HZ, MEASURED_SECONDS_PER_FRAME } from "./measure-voice.ts";
import type { FormantRows, VoiceMeasures } from "./protocol.ts";

/** Formants of a tract of average length, Hz, and how much each says of the length: higher ones hang less on the vowel. */
export const AVERAGE_FORMANTS: readonly number[] = [535, 1600, 2680, 3750];
const TRACT_WEIGHTS: readonly number[] = [0.15, 0.25, 0.35, 0.25];
/** Voices below have long vocal tracts as a rule, in Hz. */
const LOW_VOICE_HZ = 150;
/** Formants of a ceiling that is too high rise with it: the first three, by at least this power of it on average. */
const MOVING_FORMANTS = 3;
const MOVES_WITH_CEILING = 0.6;
/** Fewest frames whose formants say something. */
const FEWEST_FORMANT_FRAMES = 40;
/** Points of the spectrum this far under the loudest are empty, in dB. */
const EMPTY_DB = 75;

/** Gathers what the threads measured on one stretch after another. */
export class ProfileBuilder {
  readonly #f0: Float64Array[] = [];
  readonly #formants: (readonly FormantRows[])[] = [];
  readonly #sounding: (readonly FormantRows[])[] = [];
  readonly #envelopes: Uint8Array[] = [];
  readonly #levels = new Float64Array(SPECTRUM_POINTS);
  readonly #aperiodicity = new Float64Array(APERIODICITY_EDGES_HZ.length + 1);
  readonly #sampleRate: number;
  #frames = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** Seconds of clear voice so far. */
  get voicedSeconds(): number {
    return this.#frames * MEASURED_SECONDS_PER_FRAME;
  }

  add({ frames, envelopes, f0, formants, sounding, levels, aperiodicity }: VoiceMeasures): void {
    this.#envelopes.push(envelopes);
    this.#frames += frames;
    this.#f0.push(f0);
    this.#formants.push(formants);
    this.#sounding.push(sounding);
    for (const [point, level] of levels.entries()) this.#levels[point] = (this.#levels[point] as number) + level;
    for (const [band, sum] of aperiodicity.entries()) {
      this.#aperiodicity[band] = (this.#aperiodicity[band] as number) + sum;
    }
  }

  /** @throws AppError `internal` before anything was added */
  build(): VoiceProfile {
    if (this.#frames === 0) throw new AppError("internal", "There is no voice to describe.");
    const f0 = sorted(this.#f0);
    const median = quantile(f0, 0.5);
    const formantCeiling = this.#ceilingFor(median);
    const formants =
      middleFormants(this.#formants, formantCeiling) ?? AVERAGE_FORMANTS.map((hz) => hz / tractByPitch(median));
    const sounding = middleFormants(this.#sounding, formantCeiling);
    const levels = Array.from(this.#levels, (sum) => sum / this.#frames);
    const bandwidth = bandwidthOf(levels, this.#sampleRate);
    return {
      version: 2,
      f0: { median, low: quantile(f0, 0.1), high: quantile(f0, 0.9) },
      vocalTract: tractOf(formants),
      formants,
      formantCeiling,
      ...(sounding && { soundingFormants: sounding }),
      otherFormants: Object.values(FORMANT_CEILINGS_HZ)
        .filter((ceiling) => ceiling !== formantCeiling && ceiling <= this.#sampleRate / 2)
        .map((ceiling) => ({ ceiling, formants: middleFormants(this.#formants, ceiling) ?? formants })),
      frames: Buffer.from(thinned(Buffer.concat(this.#envelopes))).toString("base64"),
      spectrum: aroundMean(levels, bandwidth),
      bandwidth,
      aperiodicity: Array.from(this.#aperiodicity, (sum) => Math.min(1, sum / this.#frames)),
      voicedSeconds: this.voicedSeconds,
    };
  }

  #ceilingFor(pitch: number): number {
    const { telephone, low, high } = FORMANT_CEILINGS_HZ;
    if (this.#sampleRate / 2 < low) return telephone;
    if (pitch >= LOW_VOICE_HZ) return this.#sampleRate / 2 < high ? low : high;
    return this.#isTooHigh(low) ? FORMANT_CEILINGS_HZ.lowest : low;
  }

  /** Whether a sixth formant lies below a ceiling: five resonances then stand for six, and move with the ceiling. */
  #isTooHigh(ceiling: number): boolean {
    const { lowest } = FORMANT_CEILINGS_HZ;
    const upper = middleFormants(this.#sounding, ceiling);
    const lower = middleFormants(this.#sounding, lowest);
    if (!upper || !lower) return false;
    let moved = 0;
    for (let n = 0; n < MOVING_FORMANTS; n++) moved += Math.log((upper[n] as number) / (lower[n] as number));
    return moved / MOVING_FORMANTS > MOVES_WITH_CEILING * Math.log(ceiling / lowest);
  }
}

function middleFormants(measured: readonly (readonly FormantRows[])[], ceiling: number): number[] | undefined {
  const parts = measured.flatMap((all) => all.filter((one) => one.ceiling === ceiling).map(({ hz }) => hz));
  const rows = parts.reduce((sum, part) => sum + part.length, 0) / FORMANTS;
  if (rows < FEWEST_FORMANT_FRAMES) return undefined;
  return Array.from({ length: FORMANTS }, (_, formant) =>
    middleOf(sorted(parts.map((part) => part.filter((_hz, i) => i % FORMANTS === formant)))),
  );
}

/** Length of the vocal tract against an average adult's. */
export function tractOf(formants: readonly number[]): number {
  let sum = 0;
  for (const [formant, weight] of TRACT_WEIGHTS.entries()) {
    sum += weight * Math.log((AVERAGE_FORMANTS[formant] as number) / (formants[formant] as number));
  }
  return Math.exp(sum);
}

/** A guess where no formants can be seen: high voices have short tracts. */
function tractByPitch(hz: number): number {
  return Math.min(1.12, Math.max(0.8, (150 / hz) ** 0.2));
}

function sorted(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

function quantile(values: Float64Array, share: number): number {
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] as number;
}

function bandwidthOf(levels: readonly number[], sampleRate: number): number {
  const frequencies = melFrequencies(SPECTRUM_POINTS, SPECTRUM_TOP_HZ);
  const least = Math.max(...levels) - EMPTY_DB;
  const last = levels.findLastIndex((level) => level > least);
  return Math.min(sampleRate / 2, frequencies[Math.max(1, last)] as number);
}

/** Levels around their mean up to `bandwidth`; above it the last one goes on. */
function aroundMean(levels: readonly number[], bandwidth: number): number[] {
  const frequencies = melFrequencies(SPECTRUM_POINTS, SPECTRUM_TOP_HZ);
  const known = Math.max(1, frequencies.findLastIndex((hz) => hz <= bandwidth + 1) + 1);
  const mean = levels.slice(0, known).reduce((sum, level) => sum + level, 0) / known;
  return levels.map((level, point) => (point < known ? level : (levels[known - 1] as number)) - mean);
}
