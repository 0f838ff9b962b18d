import type { Binaries } from "./binaries.ts";
import { cancelled, untilAborted } from "./cancellable.ts";
import { type AudioFormat, codingOf, rawSound } from "./encode-audio.ts";
import { requireEncoders } from "./encoders.ts";
import { failureOf, succeeded } from "./failure.ts";
import { startFfmpeg } from "./ffmpeg-process.ts";
import { options as args } from "./options.ts";
import type { PcmStream } from "./pcm.ts";
import { isBrokenPipe, writeFully } from "./stream-write.ts";

/** Formats that are whole without anything being written into their beginning at the end. */
export type StreamedFormat = Extract<AudioFormat, "mp3" | "ogg" | "aac">;

export type StreamAudioOptions = {
  readonly format: StreamedFormat;
  readonly binaries: () => Promise<Binaries>;
  readonly signal: AbortSignal;
};

/** Nothing is held back: a listener waits for it. An Ogg page is a fifth of a second. */
const AT_ONCE: Readonly<Record<StreamedFormat, readonly string[]>> = {
  mp3: args`-write_xing 0 -id3v2_version 0`,
  ogg: args`-page_duration 200000`,
  aac: [],
};

/**
 * Encodes a sound while it comes.
 * @throws AppError cancelled on abort; media_failed when ffmpeg fails; what the source throws is passed on
 */
export async function* streamAudio(
  source: PcmStream,
  { format, binaries, signal }: StreamAudioOptions,
): AsyncGenerator<Buffer, void> {
  const { ffmpeg } = await binaries();
  const coding = codingOf(source, { format });
  await requireEncoders(ffmpeg, [coding.encoder]);
  const encoder = await startFfmpeg({
    ffmpeg,
    inputs: [{ url: "pipe:0", options: rawSound(source, coding.raw) }],
    options: [...coding.options, ...AT_ONCE[format], ...args`-fflags +bitexact -map_metadata -1 -flush_packets 1`],
    output: "pipe:1",
    signal,
  });
  const left = new AbortController();
  const stopped = AbortSignal.any([signal, left.signal]);
  const pump = async (): Promise<void> => {
    for await (const chunk of untilAborted(source.chunks, stopped)) await writeFully(encoder.stdin, coding.pack(chunk));
    encoder.stdin.end();
  };
  const pumping = pump();
  // What the source fails with ends the encoder, and is told once its output has ended.
  pumping.catch(() => encoder.kill());
  try {
    for await (const chunk of untilAborted<Buffer>(encoder.stdout, signal)) yield chunk;
    await pumping.catch(async (error: unknown) => {
      // A broken pipe means that ffmpeg has ended by itself.
      throw isBrokenPipe(error) ? failureOf(await encoder.exited, "Encoding the audio") : error;
    });
    const exit = await encoder.exited;
    if (!succeeded(exit)) throw failureOf(exit, "Encoding the audio");
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  } finally {
    left.abort();
    encoder.kill();
    encoder.stdout.destroy();
    await Promise.all([encoder.exited, pumping.catch(() => undefined)]);
  }
}
