import type { Audio } from "../signal/audio.ts";

/** Sound that is made as it is needed: interleaved PCM, −1…1, in chunks of any length. */
export type PcmStream = {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly chunks: AsyncIterable<Float32Array>;
};

/** Samples per channel in one slice: small enough that no slice holds up the event loop. */
const SLICE = 16_384;

/** Planar sound as interleaved slices. A single channel is not copied. */
export function pcmOf(audio: Audio): PcmStream & { slices(): Generator<Float32Array> } {
  const count = audio.channels.length;
  const length = audio.channels[0]?.length ?? 0;
  function* slices(): Generator<Float32Array> {
    for (let start = 0; start < length; start += SLICE) {
      const end = Math.min(length, start + SLICE);
      yield count === 1
        ? (audio.channels[0] as Float32Array).subarray(start, end)
        : interleave(audio.channels, start, end);
    }
  }
  async function* chunks(): AsyncGenerator<Float32Array> {
    yield* slices();
  }
  return { sampleRate: audio.sampleRate, channels: count, chunks: chunks(), slices };
}

/** The channels of interleaved samples. */
export function deinterleave(samples: Float32Array, channels: number): Float32Array[] {
  if (channels === 1) return [samples];
  const length = Math.floor(samples.length / channels);
  return Array.from({ length: channels }, (_, channel) => {
    const plane = new Float32Array(length);
    for (let index = 0; index < length; index++) plane[index] = samples[index * channels + channel] as number;
    return plane;
  });
}

/** Joins pieces into one. */
export function concatSamples(pieces: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function interleave(channels: readonly Float32Array[], start: number, end: number): Float32Array {
  const mixed = new Float32Array((end - start) * channels.length);
  for (const [channel, plane] of channels.entries()) {
    for (let index = start; index < end; index++) {
      mixed[(index - start) * channels.length + channel] = plane[index] as number;
    }
  }
  return mixed;
}
