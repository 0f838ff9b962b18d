import type { MouthSource } from "../coarticulation.ts";
import { PARAMETER, PARAMETER_COUNT, toVector } from "../mouth-parameters.ts";
import { VISEMES } from "../viseme-table.ts";
import { closuresIn, type HeardClosure, strengthAt } from "./heard-closures.ts";
import { BANDS, FRAME_RATE, MouthFeatures } from "./mouth-features.ts";
import { SILENCE } from "./level-follower.ts";
import { restInSilence } from "./rest-in-silence.ts";
import { VoiceFit } from "./voice-fit.ts";
import { CLOSED, LEFT, type MouthModel, RIGHT, ROW, TUCKED } from "./mouth-model.ts";

/** Frames that are kept behind the newest part: frames of the picture may still be made from them. */
const KEPT = 10 * FRAME_RATE;

/** Bounds that parameters are held to, as `PARAMETER` has them. */
const LEAST = toVector({ ...VISEMES.rest.target, width: 0.6, smile: 0 });
const MOST = new Float64Array(PARAMETER_COUNT).fill(1).with(PARAMETER.width, 1.15).with(PARAMETER.smile, 1.2);

/**
 * The mouth of a stream of sound whose phonemes nobody knows, as the network hears it. Parts are given one after the
 * other; the last hundredths of a part look ahead into the next one, and are made anew when it comes.
 */
export class HeardMouth {
  readonly #model: MouthModel;
  readonly #rest = toVector(VISEMES.rest.target);
  readonly #fit = new VoiceFit();
  #features: MouthFeatures | undefined;
  /** Features of the frames before `#pending`, as far as the network looks back. */
  #context = new Float32Array(LEFT * BANDS).fill(SILENCE);
  /** First frame whose mouth may still change. */
  #pending = 0;
  /** Mouths from frame `#first` on. */
  #rows = new Float32Array(0);
  #first = 0;
  #closures: readonly HeardClosure[] = [];
  #tucks: readonly HeardClosure[] = [];

  constructor(model: MouthModel) {
    this.#model = model;
  }

  /** Whether sound at this rate goes on with what came before. */
  takes(sampleRate: number): boolean {
    return this.#features === undefined || this.#features.sampleRate === sampleRate;
  }

  /**
   * The mouth of the next stretch of sound; times are from its own start. Outside of it the mouth rests.
   * @throws AppError what `MouthModel.mouths` throws; nothing may be pushed after that
   */
  async push(samples: Float32Array, sampleRate: number, signal?: AbortSignal): Promise<MouthSource> {
    const features = (this.#features ??= new MouthFeatures(sampleRate));
    const start = features.length / sampleRate;
    const heard = features.push(samples);
    const block = { ...heard, data: this.#fit.apply(heard.data, heard.final) };
    const end = features.length / sampleRate;

    // Before a stream was what its first moment is: noise that began with the recording would sound like a syllable.
    if (start === 0) for (let at = 0; at < LEFT; at++) this.#context.set(block.data.subarray(0, BANDS), at * BANDS);
    // `#context` ends where the block begins; mouths are pending from `RIGHT` frames before that on.
    const overlap = block.first - this.#pending;
    const seen = new Float32Array(this.#context.length + block.data.length + RIGHT * BANDS).fill(SILENCE);
    seen.set(this.#context);
    seen.set(block.data, this.#context.length);
    const rows = await this.#model.mouths(seen, signal);
    restInSilence(rows, seen);
    this.#store(this.#pending, rows);

    const final = Math.max(0, overlap + block.final - RIGHT);
    const known = this.#context.length / BANDS + block.final;
    this.#context = seen.slice(final * BANDS, known * BANDS);
    this.#pending += final;
    return this.#source(start, end);
  }

  /** Puts mouths in place from frame `at` on, forgets old ones, and looks for closures again. */
  #store(at: number, rows: Float32Array): void {
    const end = at + rows.length / ROW;
    const first = Math.max(this.#first, at - KEPT);
    const kept = this.#rows.subarray((first - this.#first) * ROW, (at - this.#first) * ROW);
    const all = new Float32Array((end - first) * ROW);
    all.set(kept);
    all.set(rows, (at - first) * ROW);
    this.#rows = all;
    this.#first = first;
    this.#closures = closuresIn(all, CLOSED, first);
    this.#tucks = closuresIn(all, TUCKED, first);
  }

  #source(start: number, end: number): MouthSource {
    const centres = (): Float64Array => {
      const found = [...this.#closures, ...this.#tucks].map(({ centre }) => centre);
      const own = found.filter((centre) => centre >= start && centre < end).map((centre) => centre - start);
      return Float64Array.from(own).sort();
    };
    const rest = this.#rest;
    const sample = (t: number, out: Float64Array): void => this.#sample(t, out);
    return {
      get closures() {
        return centres();
      },
      sample(t, out) {
        if (t < 0 || start + t >= end) out.set(rest);
        else sample(start + t, out);
      },
    };
  }

  /** Writes the mouth at `t` seconds of the stream. */
  #sample(t: number, out: Float64Array): void {
    const rows = this.#rows;
    const last = rows.length / ROW - 1;
    const place = Math.min(last, Math.max(0, t * FRAME_RATE - 0.5 - this.#first));
    const frame = Math.min(last, Math.floor(place));
    const next = Math.min(last, frame + 1);
    const share = place - frame;
    for (let p = 0; p < PARAMETER_COUNT; p++) {
      const here = rows[frame * ROW + p] as number;
      const value = here + share * ((rows[next * ROW + p] as number) - here);
      out[p] = Math.min(MOST[p] as number, Math.max(LEAST[p] as number, value));
    }
    out[PARAMETER.press] = Math.max(out[PARAMETER.press] as number, strengthAt(this.#closures, t));
    out[PARAMETER.tuck] = Math.max(out[PARAMETER.tuck] as number, strengthAt(this.#tucks, t));
  }
}
