/**
 * What a neural source-filter decoder sings from (Wang et al. 2019, "Neural source-filter waveform models"): a sine of the
 * pitch where there is one, and noise.
 */

/** Amplitude of the sine, and the deviation of the noise beside it and where there is no pitch. */
const SINE = 0.1;
const VOICED_NOISE = 0.003;
const UNVOICED_NOISE = SINE / 3;

export type SineSourceOptions = {
  /** Hz. */
  readonly sampleRate: number;
  /** Samples of a frame. */
  readonly hop: number;
  /** Normally distributed, one number to a sample; with the same, the same sound is made. */
  readonly noise: Float32Array;
  /** Turns of the sine before the first sample, as the part before it left them. Default 0. */
  readonly phase?: number;
};

/** The source, and the turns of its sine after its last sample, from 0 to 1. */
export type SineSource = { readonly samples: Float32Array<ArrayBuffer>; readonly phase: number };

/**
 * Makes the source of some frames. The phase is summed in double precision: in single it drifts within minutes.
 * @param f0 Hz of each frame; 0 where there is no pitch
 */
export function sineSource(f0: ArrayLike<number>, options: SineSourceOptions): SineSource {
  const { sampleRate, hop, noise } = options;
  const samples = new Float32Array(f0.length * hop);
  if (noise.length < samples.length) throw new RangeError(`${samples.length} samples need as many numbers of noise.`);
  let phase = options.phase ?? 0;
  for (let frame = 0; frame < f0.length; frame++) {
    const hz = f0[frame] as number;
    const step = hz / sampleRate;
    const voiced = hz > 0;
    const deviation = voiced ? VOICED_NOISE : UNVOICED_NOISE;
    for (let i = 0; i < hop; i++) {
      const at = frame * hop + i;
      const sine = voiced ? SINE * Math.sin(2 * Math.PI * (phase + (i + 1) * step)) : 0;
      samples[at] = sine + deviation * (noise[at] as number);
    }
    if (voiced) phase = (phase + hop * step) % 1;
  }
  return { samples, phase };
}
