/** One passage of a stereo sound: both sides, of one length. */
export type StereoBlock = readonly [left: Float32Array, right: Float32Array];

/** A stereo sound that is made as it is needed, in blocks of any length. */
export type StereoStream = AsyncIterable<StereoBlock>;

/** What effects that hold sound back have in common. */
type Processor = { push(channels: readonly Float32Array[]): Float32Array[]; finish(): Float32Array[] };

/** A stream through an effect that gives its sound in blocks of its own. */
export async function* through(stream: StereoStream, effect: Processor): AsyncGenerator<StereoBlock, void> {
  for await (const block of stream) {
    const [left, right] = effect.push(block);
    if (left && right && left.length > 0) yield [left, right];
  }
  const [left, right] = effect.finish();
  if (left && right && left.length > 0) yield [left, right];
}

/** A stream at another level; its blocks are changed. */
export async function* amplified(stream: StereoStream, gain: number): AsyncGenerator<StereoBlock, void> {
  for await (const block of stream) {
    for (const samples of block) for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * gain;
    yield block;
  }
}

/** Both sides in turn, as files keep them. */
export function interleaved([left, right]: StereoBlock): Float32Array {
  const samples = new Float32Array(2 * left.length);
  for (let n = 0; n < left.length; n++) {
    samples[2 * n] = left[n] as number;
    samples[2 * n + 1] = right[n] as number;
  }
  return samples;
}
