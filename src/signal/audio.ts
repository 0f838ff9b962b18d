/** Sound as every floor passes it around. */

/** Planar PCM: one `Float32Array` per channel, all of one length, nominal range −1…1. */
export type Audio = { readonly sampleRate: number; readonly channels: readonly Float32Array[] };

/** One channel of PCM, nominal range −1…1. */
export type MonoAudio = { readonly sampleRate: number; readonly samples: Float32Array };

/** One channel of PCM that is made as it is needed, in blocks of any length. */
export type MonoStream = { readonly sampleRate: number; readonly blocks: AsyncIterable<Float32Array> };
