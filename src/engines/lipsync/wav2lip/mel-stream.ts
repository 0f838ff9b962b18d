import { MEL_BANDS, MEL_FRAMES } from "../../../graphs/wav2lip.ts";
import { MixedRealFft } from "../../../signal/mixed-fft.ts";
import { type MelBand, slaneyBands } from "../../../signal/slaney-mel.ts";
import { hannWindow } from "../../../signal/stft.ts";
import { StreamResampler } from "../../../signal/stream-resampler.ts";

/** What the network was trained on: `hparams.py` and `audio.py` of the reference. */
const RATE = 16_000;
const FFT = 800;
const HOP = 200;
const LOW_HZ = 55;
const HIGH_HZ = 7600;
const PREEMPHASIS = 0.97;
const LEAST_AMPLITUDE = 1e-5;
const REFERENCE_DB = 20;
const LEAST_DB = -100;
/** Values lie from −LARGEST to LARGEST; silence is the least. */
const LARGEST = 4;

/** Columns of mel in a second. */
const COLUMNS_PER_SECOND = RATE / HOP;

/** The first column of the window that a video frame is made from. */
export function firstColumn(frame: number, fps: number): number {
  return Math.floor((frame * COLUMNS_PER_SECOND) / fps);
}

/**
 * The mel of a sound that comes in blocks, column by column; how it is cut makes no difference. A column looks 25 ms to
 * either side; before the first sample and behind the last the sound is mirrored, as the reference does.
 */
export class MelStream {
  #resampler: StreamResampler | undefined;
  #rate: number | undefined;
  readonly #fft = new MixedRealFft(FFT);
  readonly #window = hannWindow(FFT);
  readonly #bands: readonly MelBand[];
  /** Samples after the pre-emphasis, from `#first` on. */
  #samples = new Float64Array(4 * RATE);
  #first: number;
  #count: number;
  #last = 0;
  #ended = false;
  #columns: Float32Array[] = [];
  /** Columns that are forgotten, or never were known. */
  #gone: number;

  /**
   * @param from whole seconds of the sound that lie before what is pushed: its columns keep their numbers, and are those
   *   of the whole sound to the bit but for the first few, which are not known
   */
  constructor(from = 0) {
    this.#first = from * RATE;
    this.#count = this.#first;
    this.#gone = from === 0 ? 0 : from * COLUMNS_PER_SECOND + FFT / 2 / HOP;
    this.#bands = slaneyBands({ sampleRate: RATE, fft: FFT, bands: MEL_BANDS, lowHz: LOW_HZ, highHz: HIGH_HZ });
  }

  /** Columns that are known so far, those that are forgotten among them. */
  get columns(): number {
    return this.#gone + this.#columns.length;
  }

  /** Takes the next samples. @param sampleRate of the block, Hz */
  push(block: Float32Array, sampleRate: number): void {
    if (this.#ended) throw new Error("a sound goes on after its end");
    if (sampleRate !== this.#rate) {
      if (this.#resampler) this.#take(this.#resampler.finish());
      this.#resampler = sampleRate === RATE ? undefined : new StreamResampler(sampleRate, RATE);
      this.#rate = sampleRate;
    }
    this.#take(this.#resampler ? this.#resampler.push(block) : block);
    while (this.columns * HOP + FFT / 2 <= this.#count) this.#columns.push(this.#column(this.columns));
  }

  /** Says that the sound is over. What is asked for behind it is silence. */
  end(): void {
    if (this.#ended) return;
    if (this.#resampler) this.#take(this.#resampler.finish());
    this.#ended = true;
    const all = this.#count === 0 ? 0 : 1 + Math.floor(this.#count / HOP);
    while (this.columns < all) this.#columns.push(this.#column(this.columns));
  }

  /** Whether a window that begins at column `first` is known. */
  has(first: number): boolean {
    return this.#ended || first + MEL_FRAMES <= this.columns;
  }

  /** Writes the window of 80 bands by 16 columns that begins at column `first`. Outside of the sound is silence. */
  window(first: number, out: Float32Array): void {
    for (let i = 0; i < MEL_FRAMES; i++) {
      const column = this.#columns[first + i - this.#gone];
      for (let band = 0; band < MEL_BANDS; band++) out[band * MEL_FRAMES + i] = column?.[band] ?? -LARGEST;
    }
  }

  /** Drops the columns before `first`. */
  forget(first: number): void {
    const count = Math.min(this.#columns.length, first - this.#gone);
    if (count <= 0) return;
    this.#columns.splice(0, count);
    this.#gone += count;
  }

  #take(samples: Float32Array): void {
    this.#makeRoom(samples.length);
    const at = this.#count - this.#first;
    for (let i = 0; i < samples.length; i++) {
      const value = samples[i] as number;
      // A sample that is no number would be heard in eight columns.
      const sample = Number.isFinite(value) ? value : 0;
      this.#samples[at + i] = sample - PREEMPHASIS * this.#last;
      this.#last = sample;
    }
    this.#count += samples.length;
  }

  /** Drops what no column needs any more, and makes place for `more` samples. */
  #makeRoom(more: number): void {
    const held = this.#count - this.#first;
    if (held + more <= this.#samples.length) return;
    // A mirrored window at the end reaches back as far as it would have reached on.
    const needed = Math.max(0, Math.min(held, this.columns * HOP - FFT - this.#first));
    const kept = this.#samples.subarray(needed, held);
    const room = kept.length + more > this.#samples.length ? new Float64Array(2 * (kept.length + more)) : this.#samples;
    if (room === this.#samples) room.copyWithin(0, needed, held);
    else room.set(kept);
    this.#samples = room;
    this.#first += needed;
  }

  #column(index: number): Float32Array {
    const { waveform } = this.#fft;
    const from = index * HOP - FFT / 2;
    for (let i = 0; i < FFT; i++) {
      const at = mirrored(from + i, this.#count);
      waveform[i] = (this.#samples[at - this.#first] as number) * (this.#window[i] as number);
    }
    const magnitudes = this.#fft.magnitudes();
    return Float32Array.from(this.#bands, ({ from: bin, weights }) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (magnitudes[bin + k] as number);
      const db = 20 * Math.log10(Math.max(LEAST_AMPLITUDE, sum)) - REFERENCE_DB;
      const value = (2 * LARGEST * (db - LEAST_DB)) / -LEAST_DB - LARGEST;
      return Math.max(-LARGEST, Math.min(LARGEST, value));
    });
  }
}

/** A place within a sound of `count` samples that is mirrored at both ends, to and fro where it is very short. */
function mirrored(at: number, count: number): number {
  if (at >= 0 && at < count) return at;
  const round = Math.max(1, 2 * (count - 1));
  const place = ((at % round) + round) % round;
  return place < count ? place : round - place;
}
