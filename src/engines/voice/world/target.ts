import { SPECTRUM_POINTS, SPECTRUM_TOP_HZ, type VoiceProfile } from "../../../library/voice-profile.ts";
import { melFrequencies } from "../../../signal/voice/mel.ts";
import { type CurvePoint, monotoneCurve } from "../../../signal/voice/monotone-curve.ts";
import { FrameMeter } from "./kept-frames.ts";
import type { Timbre } from "./timbres.ts";
import type { TimbrePlan } from "./protocol.ts";

/** Largest change of a formant, as the natural logarithm of a factor. */
const LARGEST_WARP = Math.log(1.5);
/** Rounds of trying, what part of an error is made good in each, and the error that ends it, as a logarithm. */
const MOST_ROUNDS = 12;
const STEP = 0.6;
const CLOSE_ENOUGH = 0.006;
/** Above this share of Nyquist the warp goes back to none. */
const KNEE = 0.6;
/** Largest change of the long-term spectrum, in dB, and how far it is smeared, in points to either side. */
const LARGEST_DB = 12;
const SMEAR = 3;
/** Largest factor on the odds of noise that a profile may ask for, as a natural logarithm. */
const LARGEST_NOISE = Math.log(8);
/** Middles of the bands of the aperiodicity, in Hz. */
const BAND_MIDDLES: readonly number[] = [500, 1500, 3000, 6000, 11_000];

const POINTS = melFrequencies(SPECTRUM_POINTS, SPECTRUM_TOP_HZ);

/**
 * Plan that takes the sound of `source` to that of another speaker. The warp is tried on frames of the source, and
 * mended until their formants come out as the target's.
 */
export function planForProfile(source: VoiceProfile, target: VoiceProfile, sampleRate: number): TimbrePlan {
  const noise = matchNoise(source, target);
  // What is to come out at the target's pitch is what was heard at it.
  const aims = target.soundingFormants ?? target.formants;
  const meter = new FrameMeter(source, target.formantCeiling, target.soundingFormants && target.f0);
  let changes = source.formants.map((hz, formant) => Math.log(hz / (aims[formant] as number)));
  let best: TimbrePlan | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    changes = changes.map((change) => bounded(change, LARGEST_WARP));
    const warp = warpThrough(aims, changes, sampleRate);
    const plan = { warp, equaliser: matchSpectrum(source, target, warp), noise };
    const errors = meter.formants(plan)?.map((hz, formant) => Math.log(hz / (aims[formant] as number)));
    if (!errors) return best ?? plan;
    const worst = Math.hypot(...errors.slice(0, 3));
    if (worst < least) {
      least = worst;
      best = plan;
    }
    if (least < CLOSE_ENOUGH) break;
    changes = changes.map((change, formant) => change + STEP * (errors[formant] as number));
  }
  return best as TimbrePlan;
}

/** Plan that takes the sound of `source` to a timbre that is described. */
export function planForTimbre(source: VoiceProfile, timbre: Timbre, sampleRate: number): TimbrePlan {
  const change = bounded(Math.log(timbre.vocal_tract / source.vocalTract), LARGEST_WARP);
  const changes = source.formants.map((_, formant) => change - Math.log(timbre.formants[formant] ?? 1));
  const targets = source.formants.map((hz, formant) => hz / Math.exp(changes[formant] as number));
  return {
    warp: warpThrough(targets, changes, sampleRate),
    equaliser: [...POINTS].map((hz) => [hz, equaliserDb(timbre, hz)] as const),
    noise: [[0, timbre.breath * Math.LN10 * 0.1]],
  };
}

/** Tilt around 1 kHz and bands with the shape of a bell over octaves. */
function equaliserDb({ tilt_db, bands }: Timbre, hz: number): number {
  const octaves = Math.log2(Math.max(hz, 100) / 1000);
  let db = tilt_db * Math.max(-2.5, Math.min(3.5, octaves));
  for (const band of bands)
    db += band.db * Math.exp(-0.5 * (Math.log2(Math.max(hz, 20) / band.hz) / band.octaves) ** 2);
  return bounded(db, 2 * LARGEST_DB);
}

function bounded(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}

/**
 * Frequencies of the result to those of the source: through the formants, on with the change of the highest, and from
 * the knee back to none at Nyquist, so that nothing is missing at the top.
 */
function warpThrough(formants: readonly number[], changes: readonly number[], sampleRate: number): CurvePoint[] {
  const nyquist = sampleRate / 2;
  const knee = Math.min(7000, KNEE * nyquist);
  const points: CurvePoint[] = [[0, 0]];
  const add = (x: number, y: number): void => {
    const [lastX, lastY] = points.at(-1) as CurvePoint;
    if (x > lastX * 1.05 && y > lastY * 1.02) points.push([x, y]);
  };
  let change = 0;
  for (const [formant, hz] of formants.entries()) {
    change = changes[formant] as number;
    if (Math.max(hz, hz * Math.exp(change)) < 0.85 * nyquist) add(hz, hz * Math.exp(change));
  }
  // What grows wider here is squeezed above: the knee lies where both sides keep room.
  const scale = Math.exp(change);
  const x = scale > 1 ? knee / scale : knee;
  add(x, x * scale);
  const [lastX, lastY] = points.at(-1) as CurvePoint;
  if (lastX < nyquist && lastY < nyquist) points.push([nyquist, nyquist]);
  return points;
}

/** What the target has more than the warped source, dB by frequency; smooth and bounded. */
function matchSpectrum(source: VoiceProfile, target: VoiceProfile, warp: readonly CurvePoint[]): CurvePoint[] {
  const top = Math.min(source.bandwidth, target.bandwidth);
  const axis = [...POINTS].map((hz, point) => [hz, source.spectrum[point] as number] as const);
  const places = monotoneCurve(warp, POINTS);
  const warped = monotoneCurve(axis, places);
  const known = Math.max(2, POINTS.findLastIndex((hz) => hz <= top + 1) + 1);
  const wanted = Array.from(
    { length: known },
    (_, point) => (target.spectrum[point] as number) - (warped[point] as number),
  );
  const mean = wanted.reduce((sum, db) => sum + db, 0) / known;
  return wanted.map(
    (_, point) => [POINTS[point] as number, bounded(smeared(wanted, point) - mean, LARGEST_DB)] as const,
  );
}

/** Mean around a point under a triangle. */
function smeared(values: readonly number[], point: number): number {
  let sum = 0;
  let weights = 0;
  for (let k = -SMEAR; k <= SMEAR; k++) {
    const weight = SMEAR + 1 - Math.abs(k);
    const value = values[Math.min(values.length - 1, Math.max(0, point + k))] as number;
    sum += weight * value;
    weights += weight;
  }
  return sum / weights;
}

function matchNoise(source: VoiceProfile, target: VoiceProfile): CurvePoint[] {
  const odds = (share: number): number =>
    Math.log(Math.max(0.002, Math.min(0.98, share)) / (1 - Math.min(0.98, share)));
  const top = Math.min(source.bandwidth, target.bandwidth);
  const known = BAND_MIDDLES.filter((hz, band) => band === 0 || hz <= top);
  return known.map((hz, band) => {
    const difference = odds(target.aperiodicity[band] as number) - odds(source.aperiodicity[band] as number);
    return [hz, bounded(difference, LARGEST_NOISE)] as const;
  });
}
