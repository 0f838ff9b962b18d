import { gaussianNoise } from "../../../signal/world/noise.ts";

/** What is random in a song, by its place in it, so that passages that overlap draw the same. */
export type VoiceNoise = {
  /** For frames of the latent: [width, count]. */
  latent(frame: number, count: number, width: number): Float32Array<ArrayBuffer>;
  /** For samples of the source. */
  source(sample: number, count: number): Float32Array<ArrayBuffer>;
};

/** Tells the two apart, whatever the seed. */
const OF_SOURCE = 0x5eed;

/** Normally distributed noise that a seed says. */
export function seededNoise(seed: number): VoiceNoise {
  const [ofLatent, ofSource] = [gaussianNoise(2 * seed), gaussianNoise(2 * seed + 1 + OF_SOURCE)];
  return {
    latent(frame, count, width) {
      const drawn = new Float64Array(count * width);
      ofLatent(drawn, frame * width, drawn.length);
      const out = new Float32Array(drawn.length);
      for (let i = 0; i < count; i++) {
        for (let channel = 0; channel < width; channel++) {
          out[channel * count + i] = drawn[i * width + channel] as number;
        }
      }
      return out;
    },
    source(sample, count) {
      const drawn = new Float64Array(count);
      ofSource(drawn, sample, count);
      return Float32Array.from(drawn);
    },
  };
}
