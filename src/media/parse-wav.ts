import { AppError } from "../errors.ts";
import type { Audio } from "../signal/audio.ts";

/** Reads one sample at a byte offset, −1…1. */
type SampleReader = (view: DataView, at: number) => number;

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file: 8- to 32-bit integers, 32- and 64-bit floats, any number of channels up to 16.
 *
 * Headers are not believed: a data size of zero, of an endless stream or beyond the end of the file means "until the
 * end of the file", and a last frame that is cut off is dropped.
 *
 * @throws AppError invalid_audio when it is no WAV file, its coding is another one, or it holds no samples
 */
export function parseWav(file: Uint8Array): Audio {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") {
    throw new AppError("invalid_audio", "That is not a WAV file.");
  }
  let format: Format | undefined;
  for (let at = 12; at + 8 <= file.byteLength; ) {
    const name = tag(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === "fmt " && body + 16 <= file.byteLength) format = readFormat(view, body, size);
    if (name === "data") {
      if (!format) throw new AppError("invalid_audio", "The WAV file does not say how its samples are coded.");
      const rest = file.byteLength - body;
      return readSamples(view, body, size === 0 ? rest : Math.min(size, rest), format);
    }
    // Chunks are padded to even sizes.
    at = body + size + (size % 2);
  }
  throw new AppError("invalid_audio", "The WAV file holds no samples.");
}

type Format = {
  readonly coding: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
};

function readFormat(view: DataView, at: number, size: number): Format {
  const coding = view.getUint16(at, true);
  // The extensible form keeps the true coding in the first two bytes of an identifier.
  const extended = coding === EXTENSIBLE && size >= 40 && at + 26 <= view.byteLength;
  const format = {
    coding: extended ? view.getUint16(at + 24, true) : coding,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  if (format.channels < 1 || format.channels > 16 || format.sampleRate < 1000 || format.sampleRate > 768_000) {
    throw new AppError("invalid_audio", "The WAV file has an impossible sample rate or number of channels.");
  }
  return format;
}

function readSamples(view: DataView, start: number, size: number, format: Format): Audio {
  const { channels: count, sampleRate } = format;
  const read = readerFor(format);
  const width = format.bits / 8;
  const length = Math.floor(size / (width * count));
  if (length === 0) throw new AppError("invalid_audio", "The WAV file holds no samples.");
  const channels = Array.from({ length: count }, () => new Float32Array(length));
  for (const [channel, samples] of channels.entries()) {
    for (let index = 0; index < length; index++) {
      const value = read(view, start + (index * count + channel) * width);
      samples[index] = Number.isFinite(value) ? value : 0;
    }
  }
  return { sampleRate, channels };
}

function readerFor({ coding, bits }: Format): SampleReader {
  const reader = coding === PCM ? INTEGERS[bits] : coding === FLOAT ? FLOATS[bits] : undefined;
  if (!reader) {
    throw new AppError("invalid_audio", "The WAV file is coded in a way other than PCM. Send 16-bit PCM.");
  }
  return reader;
}

const INTEGERS: Readonly<Record<number, SampleReader>> = {
  8: (view, at) => (view.getUint8(at) - 128) / 128,
  16: (view, at) => view.getInt16(at, true) / 32768,
  24: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 8388608,
  32: (view, at) => view.getInt32(at, true) / 2147483648,
};

const FLOATS: Readonly<Record<number, SampleReader>> = {
  32: (view, at) => view.getFloat32(at, true),
  64: (view, at) => view.getFloat64(at, true),
};

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
