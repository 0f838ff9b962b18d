/** The WORLD vocoder: a voice as pitch, spectral envelope and aperiodicity, and back. */
export { type CheapTrickOptions, cheapTrick, type Envelope, envelopeFftSize } from "./cheap-trick.ts";
export { type Aperiodicity, d4c, type D4cOptions } from "./d4c.ts";
export { dio, type DioOptions } from "./dio.ts";
export { type PitchOptions, type PitchTrack, type Samples } from "./frames.ts";
export { harvest, type HarvestOptions } from "./harvest.ts";
export { gaussianNoise, type NoiseSource } from "./noise.ts";
export { stoneMask } from "./stone-mask.ts";
export { synthesise, type SynthesisOptions } from "./synthesise.ts";
