/** What the threads of the engine are asked to do. Buffers of samples are shared, so that none is copied. */
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { CurvePoint } from "../../../signal/voice/monotone-curve.ts";

/** Range of f0 that is looked for, in Hz: speech and song. */
export const F0_FLOOR = 50;
export const F0_CEILING = 1100;

/** Frames of a stretch of sound: frame i lies at sample i·hop, which need not be a whole number. */
export type FrameGrid = { readonly sampleRate: number; readonly hop: number };

/** Fundamental frequency of every frame of `samples`: `Float64Array`, Hz, 0 where there is no voice. */
export type PitchTask = FrameGrid & {
  readonly kind: "pitch";
  readonly method: "harvest" | "dio";
  readonly samples: Float32Array;
  /** Hz. */
  readonly floor: number;
  readonly ceiling: number;
};

/** What the voiced frames of a stretch are like. */
export type MeasureTask = FrameGrid & {
  readonly kind: "measure";
  readonly samples: Float32Array;
  /** Hz by frame, 0 where there is no voice or the frame is not to count. */
  readonly f0: Float64Array;
};

/** Formants found below a ceiling (Hz): `FORMANTS` frequencies (Hz) per frame that shows them clearly. */
export type FormantRows = { readonly ceiling: number; readonly hz: Float64Array };

/** Sums over the frames that were measured. */
export type VoiceMeasures = {
  readonly frames: number;
  /** Envelopes of some of them, `FRAME_POINTS` bytes each. */
  readonly envelopes: Uint8Array;
  /** Hz, one per frame. */
  readonly f0: Float64Array;
  /** As the envelopes show them. */
  readonly formants: readonly FormantRows[];
  /** The same, as windows of the sound itself show them. */
  readonly sounding: readonly FormantRows[];
  /** Sum of the levels in dB at the points of the long-term spectrum. */
  readonly levels: Float64Array;
  /** Sum of the aperiodicity in each band. */
  readonly aperiodicity: Float64Array;
};

/** How the sound of a voiced frame changes. */
export type TimbrePlan = {
  /** Frequency in the result to frequency in the source, Hz, rising. */
  readonly warp: readonly CurvePoint[];
  /** Hz to dB. */
  readonly equaliser: readonly CurvePoint[];
  /** Hz to the natural logarithm of the factor on the odds of noise, a/(1 − a). */
  readonly noise: readonly CurvePoint[];
};

/** Sound of a stretch in the new voice: `Float32Array` of the stretch and fftSize/2 samples to either side. */
export type RenderTask = FrameGrid & {
  readonly kind: "render";
  readonly samples: Float32Array;
  readonly fftSize: number;
  /** Number of the first sample in the whole source. */
  readonly firstSample: number;
  /** First frame of the stretch, and how many follow it up to the last, whose pulses are the next stretch's. */
  readonly firstFrame: number;
  readonly frames: number;
  /** Samples of the stretch; at most frames·hop. */
  readonly length: number;
  /** By frame of `samples`. f0 of the source and of the result, reaching a little beyond the voiced frames. */
  readonly sourceF0: Float64Array;
  readonly targetF0: Float64Array;
  /** By frame of `samples`: 1 where there is voice. */
  readonly voiced: Uint8Array;
  /** Phase of the result at the first frame of the stretch, in cycles. */
  readonly phase: number;
  readonly timbre: TimbrePlan;
  readonly seed: number;
};

/** The plan that takes one speaker's sound to another's. */
export type PlanTask = {
  readonly kind: "plan";
  readonly sampleRate: number;
  readonly source: VoiceProfile;
  readonly target: VoiceProfile;
};

export type VoiceTask = PitchTask | MeasureTask | PlanTask | RenderTask;
export type VoiceResult<Task extends VoiceTask> = Task extends PitchTask
  ? Float64Array
  : Task extends MeasureTask
    ? VoiceMeasures
    : Task extends PlanTask
      ? TimbrePlan
      : Float32Array;
