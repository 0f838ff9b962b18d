import {
  APERIODICITY_EDGES_HZ,
  FRAME_POINTS,
  FRAME_TOP_HZ,
  SPECTRUM_POINTS,
  SPECTRUM_TOP_HZ,
} from "../../../library/voice-profile.ts";
import { FormantFinder } from "../../../signal/voice/envelope-formants.ts";
import { MelBands } from "../../../signal/voice/mel.ts";
import { WaveFormants } from "../../../signal/voice/wave-formants.ts";
import { cheapTrick, d4c } from "../../../signal/world/index.ts";
import { packEnvelopes } from "./kept-frames.ts";
import type { MeasureTask, VoiceMeasures } from "./protocol.ts";
import { lowShare, VOICED_SHARE } from "./voicing.ts";

/** Frames this far under the loudest one say more of the room than of the voice, in dB. */
const QUIET_DB = 30;
/** Every so many frames are looked at. */
const STRIDE = 2;
/** Harmonics farther apart than this leave no formants to see, in Hz. */
const HIGHEST_FOR_FORMANTS = 400;

/** Most frames of a stretch whose envelopes are kept. */
const MOST_KEPT = 60;

/** Ceilings under which four to five formants lie: on a telephone, and for very long, long and short vocal tracts, in Hz. */
export const FORMANT_CEILINGS_HZ = { telephone: 4000, lowest: 4600, low: 5000, high: 5500 } as const;

/** Seconds that a measured frame stands for. */
export const MEASURED_SECONDS_PER_FRAME = 0.005 * STRIDE;

/** What the voiced frames are like: pitch, formants, long-term spectrum, aperiodicity. */
export function measureVoice({ samples, sampleRate, hop, f0 }: MeasureTask): VoiceMeasures {
  const chosen: number[] = [];
  for (let i = 0; i < f0.length; i += STRIDE) if ((f0[i] as number) > 0) chosen.push(i);
  const pitches = Float64Array.from(chosen, (i) => f0[i] as number);
  const times = Float64Array.from(chosen, (i) => (i * hop) / sampleRate);
  const { envelope, fftSize } = cheapTrick(samples, sampleRate, pitches, times);
  const bins = fftSize / 2 + 1;
  const kept = clearFrames(envelope, chosen.length, bins, sampleRate / fftSize);
  const { aperiodicity } = d4c(
    samples,
    sampleRate,
    Float64Array.from(kept, (row) => pitches[row] as number),
    Float64Array.from(kept, (row) => times[row] as number),
    { threshold: 0, fftSize },
  );
  const ceilings = Object.values(FORMANT_CEILINGS_HZ);
  const finders = ceilings.map((ceiling) => new FormantFinder(sampleRate, fftSize, ceiling));
  const listeners = ceilings.map((ceiling) => new WaveFormants(samples, sampleRate, ceiling));
  const formants: number[][] = ceilings.map(() => []);
  const sounding: number[][] = ceilings.map(() => []);
  const mel = new MelBands(SPECTRUM_POINTS, SPECTRUM_TOP_HZ, sampleRate / fftSize, bins);
  const levels = new Float64Array(SPECTRUM_POINTS);
  const noise = new Float64Array(APERIODICITY_EDGES_HZ.length + 1);
  for (const [index, row] of kept.entries()) {
    const power = envelope.subarray(row * bins, (row + 1) * bins);
    mel.addLevels(power, levels);
    addBands(aperiodicity.subarray(index * bins, (index + 1) * bins), sampleRate / fftSize, noise);
    if ((pitches[row] as number) > HIGHEST_FOR_FORMANTS) continue;
    for (const [at, finder] of finders.entries()) if (finder.find(power)) formants[at]?.push(...finder.formants);
    for (const [at, listener] of listeners.entries()) {
      if (listener.find(times[row] as number)) sounding[at]?.push(...listener.formants);
    }
  }
  const envelopes = kept
    .filter((row) => (pitches[row] as number) <= HIGHEST_FOR_FORMANTS)
    .filter((_, i, all) => (i * MOST_KEPT) % all.length < MOST_KEPT)
    .map((row) => envelope.subarray(row * bins, (row + 1) * bins));
  return {
    frames: kept.length,
    envelopes: packEnvelopes(envelopes, new MelBands(FRAME_POINTS, FRAME_TOP_HZ, sampleRate / fftSize, bins)),
    f0: Float64Array.from(kept, (row) => pitches[row] as number),
    formants: ceilings.map((ceiling, at) => ({ ceiling, hz: Float64Array.from(formants[at] ?? []) })),
    sounding: ceilings.map((ceiling, at) => ({ ceiling, hz: Float64Array.from(sounding[at] ?? []) })),
    levels,
    aperiodicity: noise,
  };
}

/** Rows that are loud enough and have their power where a voice has it. */
function clearFrames(envelope: Float32Array, rows: number, bins: number, binHz: number): number[] {
  const powers = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let k = row * bins; k < (row + 1) * bins; k++) sum += envelope[k] as number;
    powers[row] = sum;
  }
  const least = powers.reduce((most, power) => Math.max(most, power), 0) * 10 ** (-QUIET_DB / 10);
  return Array.from({ length: rows }, (_, row) => row).filter(
    (row) =>
      (powers[row] as number) > least &&
      lowShare(envelope.subarray(row * bins, (row + 1) * bins), binHz) > VOICED_SHARE,
  );
}

function addBands(aperiodicity: Float32Array, binHz: number, sums: Float64Array): void {
  let k = 0;
  for (let band = 0; band < sums.length; band++) {
    const edge = APERIODICITY_EDGES_HZ[band] ?? Number.POSITIVE_INFINITY;
    let sum = 0;
    let count = 0;
    for (; k < aperiodicity.length && k * binHz < edge; k++, count++) sum += aperiodicity[k] as number;
    // A band above Nyquist is as noisy as the highest one below.
    sums[band] = (sums[band] as number) + (count > 0 ? sum / count : (aperiodicity.at(-1) as number));
  }
}
