import type { Services } from "../../../handler/services.ts";
import type { JobEvent } from "../../events.ts";
import { streamAudio } from "../../media/stream-audio.ts";
import { packer } from "../../media/wav.ts";
import { TimeStretch } from "../../signal/pitch-shift/time-stretch.ts";
import type { RouteJob } from "../route-job.ts";
import { RESPONSE_FORMATS, type ResponseFormat } from "./encode-answer.ts";

/** Hz of the speech that jobs make. */
const SAMPLE_RATE = 24_000;

/** Speech that can be heard while it is spoken. */
export type LiveSpeech = {
  /** 16-bit samples as they come; whoever does not read them gives them back. */
  readonly pieces: AsyncGenerator<Buffer, void>;
  readonly engine: string;
  readonly voice: string;
};

/** Forms that can be sent before all of them is known. */
export function streams(name: ResponseFormat): boolean {
  return name !== "wav" && name !== "flac";
}

/** Waits until there is something to hear of a job; undefined where it ends before somebody could listen. */
export async function listenTo(
  job: RouteJob,
  { streams: live }: Services,
  signal: AbortSignal,
): Promise<LiveSpeech | undefined> {
  for await (const { event } of job.events) {
    const told = streamOf(event);
    const stream = told && live.find(told.id);
    if (stream) return { pieces: begun(stream.read(signal), signal), engine: told.engine, voice: told.voice };
    if (told) return undefined;
  }
  return undefined;
}

function streamOf(event: JobEvent): { id: string; engine: string; voice: string } | undefined {
  if (event.type !== "status" || event.stage !== "stream") return undefined;
  const { stream_id: id, engine, voices } = event as { stream_id?: unknown; engine?: unknown; voices?: unknown };
  const [voice] = Array.isArray(voices) ? (voices as unknown[]) : [];
  return { id: String(id), engine: String(engine), voice: String(voice) };
}

/**
 * Speech in the form that was asked for, while it is spoken.
 * @param stretch length of the answer against the speech's, ¼…4
 * @throws AppError what the speech breaks off with
 */
export async function* streamAnswer(
  { pieces }: LiveSpeech,
  name: ResponseFormat,
  stretch: number,
  { binaries }: Pick<Services, "binaries">,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const chunks = stretched(samplesOf(pieces), stretch);
  const { format } = RESPONSE_FORMATS[name];
  try {
    if (format === "mp3" || format === "ogg" || format === "aac") {
      yield* streamAudio({ sampleRate: SAMPLE_RATE, channels: 1, chunks }, { format, binaries, signal });
      return;
    }
    const pack = packer("s16");
    for await (const chunk of chunks) yield Buffer.from(pack(chunk));
  } finally {
    await pieces.return();
  }
}

/** A reading that has begun at once: what it reads ends with the last who reads it. Given back when the caller goes. */
function begun(reading: AsyncGenerator<Buffer, void>, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  let first: Promise<IteratorResult<Buffer, void>> | undefined = reading.next();
  first.catch(() => undefined);
  const giveBack = (): void => void reading.return();
  if (signal.aborted) giveBack();
  else signal.addEventListener("abort", giveBack, { once: true });
  const next = reading.next.bind(reading);
  return Object.assign(reading, {
    next: (): Promise<IteratorResult<Buffer, void>> => {
      const step = first ?? next();
      first = undefined;
      return step;
    },
  });
}

/** 16-bit samples, however their bytes are cut. */
async function* samplesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Float32Array, void> {
  let left: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = left.length === 0 ? piece : Buffer.concat([left, piece]);
    const count = bytes.length >> 1;
    const samples = new Float32Array(count);
    for (let n = 0; n < count; n++) samples[n] = bytes.readInt16LE(2 * n) / 32_768;
    left = bytes.subarray(2 * count);
    yield samples;
  }
}

async function* stretched(blocks: AsyncIterable<Float32Array>, stretch: number): AsyncGenerator<Float32Array, void> {
  if (stretch === 1) {
    yield* blocks;
    return;
  }
  const process = new TimeStretch(SAMPLE_RATE, 1, stretch);
  for await (const block of blocks) {
    const [ready] = process.push([block]);
    if (ready && ready.length > 0) yield ready;
  }
  const [rest] = process.finish();
  if (rest) yield rest;
}
