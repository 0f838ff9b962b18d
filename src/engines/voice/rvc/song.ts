import type { RvcVoice } from "../../../graphs/rvc-voice.ts";
import type { Network } from "../../../inference/session.ts";
import { type ContentSettings, contentOf, framesOf } from "./content.ts";
import { PASSAGE_PAD, type Passage, RVC_FRAME, RVC_RATE } from "./passages.ts";
import { type Score, type Singer, turnsBefore } from "./singer.ts";

/** Frames on either side of a cut in which one passage goes over into the next. */
const FADE = 1;
/** Frames of a passage's surroundings before it. */
const LEAD = PASSAGE_PAD / RVC_FRAME;
/** Level of samples under which a passage is silent: −80 dBFS. */
const SILENT = 1e-4;

/** Finds the pitch of some sound at 16 kHz, Hz of each frame; `from` is the time of its first sample in the song. */
export type FindF0 = (samples: Float32Array, from: number, signal: AbortSignal) => Promise<Float64Array>;

/** Shares of the work on a passage that finding its pitch is, and with that hearing what is said. */
const PITCH = 0.06;
const HEARD = 0.18;

/** Who sings, and how. */
export type Performance = {
  readonly voice: RvcVoice;
  /** ContentVec, in the part for the voice's version. */
  readonly listener: Network;
  readonly singer: Singer;
  readonly content: ContentSettings;
  /** Undefined for a voice that takes no pitch. */
  readonly findF0: FindF0 | undefined;
  /** Told how many seconds of the song are done, a passage under way by its share. */
  readonly worked?: ((seconds: number) => void) | undefined;
};

/**
 * Sings a song passage by passage, which go over into each other: pitch, phase and noise go on from one to the next. A
 * passage that is silent stays silent.
 * @returns sound at the voice's rate; in all as many frames as the song has, the last of them whole
 * @throws AppError `model_unusable`, `engine_failed`, `cancelled`
 */
export async function* singSong(
  passages: AsyncIterable<Passage>,
  performance: Performance,
  signal: AbortSignal,
): AsyncGenerator<Float32Array<ArrayBuffer>, void> {
  const { voice, singer, worked } = performance;
  const fade = FADE * voice.hop;
  let before: { readonly score: Score; readonly frames: number } | undefined;
  let tail = new Float32Array(0);
  for await (const passage of passages) {
    const frames = Math.ceil(passage.length / RVC_FRAME);
    const silent = passage.samples.every((x) => Math.abs(x) < SILENT);
    const told = (share: number): void => worked?.((passage.from + share * passage.length) / RVC_RATE);
    const score = await scoreOf(passage, silent, before, performance, told, signal);
    const from = LEAD - (before ? FADE : 0);
    const to = LEAD + frames + (passage.last ? 0 : FADE);
    const sung = (share: number): void => told(HEARD + (1 - HEARD) * share);
    const audio = silent ? new Float32Array((to - from) * voice.hop) : await singer.sing(score, from, to, signal, sung);
    for (const [i, x] of tail.entries()) {
      const share = (i + 0.5) / tail.length;
      audio[i] = (1 - share) * x + share * (audio[i] as number);
    }
    const end = audio.length - (passage.last ? 0 : 2 * fade);
    tail = audio.slice(end);
    before = { score, frames };
    yield audio.slice(0, end);
  }
}

async function scoreOf(
  { samples, from, single }: Passage,
  silent: boolean,
  before: { readonly score: Score; readonly frames: number } | undefined,
  { voice, listener, content, findF0 }: Performance,
  told: (share: number) => void,
  signal: AbortSignal,
): Promise<Score> {
  const frames = framesOf(samples.length);
  let f0: Float64Array | undefined;
  if (findF0) {
    f0 = new Float64Array(frames);
    if (!silent) f0.set((await findF0(samples, (from - PASSAGE_PAD) / RVC_RATE, signal)).subarray(0, frames));
    // What was sung before the cut is not found anew: the phase goes on from there.
    if (before?.score.f0) f0.set(before.score.f0.subarray(before.frames, before.frames + LEAD));
  }
  told(PITCH);
  const heard = {
    content: silent ? new Float32Array(0) : await contentOf(listener, samples, voice.features, f0, content, signal),
    frames,
    f0,
    phase: before ? turnsBefore(before.score, before.frames, voice) : 0,
    firstFrame: from / RVC_FRAME,
    single,
  };
  told(HEARD);
  return heard;
}
