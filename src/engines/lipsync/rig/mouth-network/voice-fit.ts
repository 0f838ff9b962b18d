import { SILENCE } from "./level-follower.ts";
import { BANDS } from "./mouth-features.ts";

/** Mean features of the speech that the network was trained on, its loud frames only: `export.py` prints them. */
// biome-ignore format: a table of 12 bands a row
export const TRAINED = [
  -1.61, -1.46, -1.31, -1.23, -1.23, -1.22, -1.2, -1.2, -1.25, -1.32, -1.4, -1.48,
  -1.57, -1.64, -1.72, -1.79, -1.85, -1.9, -1.92, -1.93, -1.95, -1.96, -1.99, -2.0,
  -2.02, -2.02, -2.0, -1.96, -1.93, -1.9, -1.9, -1.91, -1.9, -1.9, -1.92, -1.95,
  -2.01, -2.09, -2.17, -2.24, -2.3, -2.36, -2.41, -2.45, -2.5, -2.54, -2.62, -2.72,
] as const;

/** A frame with a band above this is speech rather than what lies between. */
const LOUD = -1.2;
/** Bands by which a throat is thought to be off, and how firmly the best of them counts. */
const SHIFTS = Array.from({ length: 21 }, (_, i) => -2 + i / 4);
const FIRMNESS = 10;
/** Bands whose slopes are compared: those of the first two formants and above, without hum and hiss. */
const COMPARED = { from: 4, to: 40 } as const;
/** Share of the difference in colour that is taken away, and the most that counts of it. */
const SHARE = 0.4;
const MOST = 1;
/** Loud frames of the trained mean that stand beside the first ones of a voice, so that a syllable decides nothing. */
const DOUBT = 30;
/** Frames after which the voice is looked at anew, and the opening that is judged as a whole. */
const EVERY = 100;
const OPENING = 300;

/**
 * Moves the features of a voice towards those of the voices that the network knows: along the bands, as a longer or
 * shorter throat does (vocal-tract length normalisation), and band by band, as microphones and rooms do. Learns from
 * frames in their order; what it did to a frame stays.
 */
export class VoiceFit {
  #sum = new Float64Array(BANDS);
  #loud = 0;
  /** Frames that were learnt from. */
  #seen = 0;
  /** Frames that the opening was judged by. */
  #opened = 0;
  #shift = 0;
  #colour = new Float64Array(BANDS);

  /**
   * Fits frames that follow the last ones. @param features `BANDS` numbers per frame, which stay as they are
   * @param final how many of them will not come again
   */
  apply(features: Float32Array, final: number): Float32Array {
    const out = new Float32Array(features.length);
    const count = features.length / BANDS;
    if (this.#seen === 0) this.#opening(features, Math.min(OPENING, final));
    let at = 0;
    while (at < count) {
      const frame = this.#seen;
      const learn = at < final;
      // The frames up to the next look, or up to those that will come again.
      const end = learn ? Math.min(final, at + EVERY - (frame % EVERY)) : count;
      this.#write(features.subarray(at * BANDS, end * BANDS), out.subarray(at * BANDS, end * BANDS));
      if (learn) {
        this.#learn(features, at, end);
        this.#seen += end - at;
        if (this.#seen % EVERY === 0 && this.#seen > this.#opened) this.#judge();
      }
      at = end;
    }
    return out;
  }

  /** The first moments are judged by themselves: a recording is there before its first picture. */
  #opening(features: Float32Array, frames: number): void {
    this.#opened = frames;
    this.#learn(features, 0, frames);
    this.#judge();
    this.#sum.fill(0);
    this.#loud = 0;
  }

  #learn(features: Float32Array, from: number, to: number): void {
    for (let frame = from; frame < to; frame++) {
      const row = features.subarray(frame * BANDS, (frame + 1) * BANDS);
      if (row.every((x) => x <= LOUD)) continue;
      this.#loud++;
      for (let band = 0; band < BANDS; band++) (this.#sum[band] as number) += row[band] as number;
    }
  }

  #judge(): void {
    if (this.#loud === 0) return;
    const mean = this.#sum.map((sum, band) => (sum + DOUBT * (TRAINED[band] as number)) / (this.#loud + DOUBT));
    const scores = SHIFTS.map((shift) => likeness(shifted(mean, shift)));
    const best = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(FIRMNESS * (score - best)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#shift = SHIFTS.reduce((sum, shift, i) => sum + (shift * (weights[i] as number)) / total, 0);
    const moved = shifted(mean, this.#shift);
    this.#colour = moved.map((x, band) => SHARE * Math.max(-MOST, Math.min(MOST, (TRAINED[band] as number) - x)));
  }

  #write(from: Float32Array, to: Float32Array): void {
    for (let at = 0; at < from.length; at += BANDS) {
      const row = shifted(from.subarray(at, at + BANDS), this.#shift);
      for (let band = 0; band < BANDS; band++) {
        const x = row[band] as number;
        to[at + band] = x <= SILENCE ? SILENCE : Math.max(SILENCE, x + (this.#colour[band] as number));
      }
    }
  }
}

/** A spectrum moved along the bands: band `b` takes what was at `b + shift`. */
function shifted(spectrum: ArrayLike<number>, shift: number): Float64Array {
  return Float64Array.from({ length: BANDS }, (_, band) => {
    const low = Math.min(BANDS - 2, Math.max(0, Math.floor(band + shift)));
    const share = Math.min(1, Math.max(0, band + shift - low));
    return (spectrum[low] as number) * (1 - share) + (spectrum[low + 1] as number) * share;
  });
}

/** Correlation of a mean spectrum's slopes with those of the trained one. */
function likeness(spectrum: Float64Array): number {
  const { from, to } = COMPARED;
  let [n, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let band = from; band < to; band++) {
    const x = (spectrum[band + 1] as number) - (spectrum[band] as number);
    const y = (TRAINED[band + 1] as number) - (TRAINED[band] as number);
    n++;
    a += x;
    b += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return (ab - (a * b) / n) / Math.sqrt(Math.max(1e-12, (aa - (a * a) / n) * (bb - (b * b) / n)));
}
