import { open } from "node:fs/promises";
import { AppError } from "../errors.ts";
import type { Audio } from "../signal/audio.ts";
import { type PcmStream, pcmOf } from "./pcm.ts";

/** How samples are kept in a WAV file: 16- or 24-bit integers, or 32-bit floats. */
export type WavSamples = "s16" | "s24" | "f32";

export type WavOptions = {
  /** Default `s16`. */
  readonly samples?: WavSamples;
  /** Adds noise of one bit with a triangular distribution before rounding to 16 bits. Default false. */
  readonly dither?: boolean;
};

const BYTES: Readonly<Record<WavSamples, number>> = { s16: 2, s24: 3, f32: 4 };
const HEADER_BYTES = 44;
/** Sizes in the header have 32 bits. */
const MOST_DATA_BYTES = 0xffff_ffff - HEADER_BYTES;

/** A whole WAV file in memory. Values beyond −1…1 are clipped where the samples are integers. */
export function encodeWav(audio: Audio, options: WavOptions = {}): Uint8Array {
  const { samples = "s16" } = options;
  const channels = audio.channels.length;
  const length = audio.channels[0]?.length ?? 0;
  const file = new Uint8Array(HEADER_BYTES + length * channels * BYTES[samples]);
  file.set(wavHeader(audio.sampleRate, channels, samples, length * channels * BYTES[samples]));
  const pack = packer(samples, options.dither);
  let at = HEADER_BYTES;
  for (const slice of pcmOf(audio).slices()) {
    const bytes = pack(slice);
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * Writes a WAV file as its samples come. The header is completed at the end, and is valid before (its sizes are those
 * of an endless stream).
 *
 * @returns samples per channel written
 * @throws AppError input_too_large beyond 4 GiB; what the source throws
 */
export async function writeWav(path: string, audio: PcmStream, options: WavOptions = {}): Promise<number> {
  const { samples = "s16" } = options;
  const pack = packer(samples, options.dither);
  await using file = await open(path, "w");
  await file.write(wavHeader(audio.sampleRate, audio.channels, samples, MOST_DATA_BYTES));
  let bytes = 0;
  for await (const chunk of audio.chunks) {
    const packed = pack(chunk);
    bytes += packed.byteLength;
    if (bytes > MOST_DATA_BYTES) throw new AppError("input_too_large", "A WAV file holds 4 GiB at most. Ask for FLAC.");
    await file.writeFile(packed);
  }
  await file.write(wavHeader(audio.sampleRate, audio.channels, samples, bytes), 0, HEADER_BYTES, 0);
  return bytes / BYTES[samples] / audio.channels;
}

function wavHeader(sampleRate: number, channels: number, samples: WavSamples, dataBytes: number): Uint8Array {
  const frame = channels * BYTES[samples];
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(Math.min(0xffff_ffff, dataBytes + HEADER_BYTES - 8), 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(samples === "f32" ? 3 : 1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * frame, 28);
  header.writeUInt16LE(frame, 32);
  header.writeUInt16LE(BYTES[samples] * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

/** Makes the bytes of samples, in the form that a WAV file keeps them in. */
export function packer(samples: WavSamples, dither = false): (chunk: Float32Array) => Uint8Array {
  if (samples === "f32") return (chunk) => new Uint8Array(chunk.slice().buffer);
  if (samples === "s24") return pack24;
  if (!dither) return (chunk) => pack16(chunk, () => 0);
  // The same noise in every run, so that the same sound makes the same file.
  let state = 0x9e3779b9;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return (chunk) => pack16(chunk, () => uniform() - uniform());
}

function pack16(chunk: Float32Array, noise: () => number): Uint8Array {
  const packed = new Int16Array(chunk.length);
  for (let index = 0; index < chunk.length; index++) {
    const value = Math.round((chunk[index] as number) * 32767 + noise());
    packed[index] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
  }
  return new Uint8Array(packed.buffer);
}

function pack24(chunk: Float32Array): Uint8Array {
  const packed = new Uint8Array(chunk.length * 3);
  for (let index = 0; index < chunk.length; index++) {
    const value = Math.round((chunk[index] as number) * 8388607);
    const clipped = value > 8388607 ? 8388607 : value < -8388608 ? -8388608 : value;
    packed[index * 3] = clipped & 255;
    packed[index * 3 + 1] = (clipped >> 8) & 255;
    packed[index * 3 + 2] = (clipped >> 16) & 255;
  }
  return packed;
}
