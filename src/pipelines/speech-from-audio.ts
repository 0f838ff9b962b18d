import { join } from "node:path";
import type { SpeechPart } from "../engines/speech/speech-engine.ts";
import { decodeAudio } from "../media/decode-audio.ts";
import { probe } from "../media/probe.ts";
import { fetchInput } from "./fetch-input.ts";
import type { PipelineContext } from "./pipeline.ts";

/** Hz at which recordings are used. */
const SAMPLE_RATE = 24_000;

/** A part is cut at the quietest moment between these lengths, in seconds. */
const PART_SECONDS = { least: 3, most: 6 } as const;

/** Length of the window that is looked at for quiet, in seconds. */
const QUIET_WINDOW = 0.04;

/** A recording that takes the place of speech. */
export type Recording = {
  readonly sampleRate: number;
  /** The sound in parts without timings, decoded as it is needed, so that its length costs no memory. */
  readonly recording: AsyncIterable<SpeechPart>;
  /** Its length in seconds as the file says; 0 while that is not known. */
  readonly seconds: () => number;
};

/**
 * A recording, as base64 or by URL.
 * @throws AppError `invalid_audio`, `input_too_large`, `url_refused`, `download_failed`, `timeout`, when it is read
 */
export function speechFromAudio(source: string, context: PipelineContext): Recording {
  let seconds = 0;
  async function* parts(): AsyncGenerator<SpeechPart, void> {
    const path = join(await context.tempDir(), "recording");
    await fetchInput(source, path, { kind: "audio" }, context);
    const binaries = await context.binaries();
    const { signal, config } = context;
    // For the progress only: a file that does not say its length is no fault.
    const over = new AbortController();
    const probing = probe(path, { ffprobe: binaries.ffprobe, signal: AbortSignal.any([signal, over.signal]) }).then(
      ({ duration }) => (seconds = duration ?? 0),
      () => {},
    );
    try {
      const options = { binaries, sampleRate: SAMPLE_RATE, maxSeconds: config.maxAudioSeconds, signal };
      for await (const part of cutAtQuiet(decodeAudio(path, options))) {
        yield { text: "", language: "und", audio: { sampleRate: SAMPLE_RATE, samples: part } };
      }
    } finally {
      over.abort();
      await probing;
    }
  }
  return { sampleRate: SAMPLE_RATE, recording: parts(), seconds: () => seconds };
}

/** Joins blocks of samples and cuts them into parts where the sound is quietest. */
export async function* cutAtQuiet(blocks: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array, void> {
  const most = PART_SECONDS.most * SAMPLE_RATE;
  let held = new Float32Array(most * 2);
  let length = 0;
  for await (const block of blocks) {
    if (length + block.length > held.length) {
      const larger = new Float32Array(2 * (length + block.length));
      larger.set(held.subarray(0, length));
      held = larger;
    }
    held.set(block, length);
    length += block.length;
    while (length >= most) {
      const cut = quietest(held, PART_SECONDS.least * SAMPLE_RATE, most);
      yield held.slice(0, cut);
      held.copyWithin(0, cut, length);
      length -= cut;
    }
  }
  if (length > 0) yield held.slice(0, length);
}

/** The middle of the window with the least energy between two sample positions. */
function quietest(samples: Float32Array, from: number, to: number): number {
  const window = Math.round(QUIET_WINDOW * SAMPLE_RATE);
  const step = window / 4;
  let best = to;
  let least = Number.POSITIVE_INFINITY;
  for (let start = from; start + window <= to; start += step) {
    let energy = 0;
    for (let at = start; at < start + window; at += 1) energy += (samples[at] ?? 0) ** 2;
    if (energy < least) {
      least = energy;
      best = start + window / 2;
    }
  }
  return best;
}
