import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { PitchEstimator } from "../engines/pitch/pitch-estimator.ts";
import { lanesOf } from "../engines/engine.ts";
import { AppError } from "../errors.ts";
import { type PitchRange, PitchRanges } from "../library/pitch-ranges.ts";
import { findVoicePitch } from "../library/voice-pitch.ts";
import { MEASURED_PITCH } from "../limits/songs.ts";
import { decodeAudio } from "../media/decode-audio.ts";
import { concatSamples } from "../media/pcm.ts";
import type { PipelineContext } from "./pipeline.ts";
import type { TargetVoice } from "./target-voice.ts";

/** Hz at which pitch is looked for; bounds of it; level under which a second of sound is left out. */
const RATE = 16_000;
const VOICE = { floor: 50, ceiling: 1100, hopSeconds: 0.01 } as const;
const QUIET = 10 ** (-50 / 20);
/** Farthest that a voice is moved by itself. */
const MOST_SEMITONES = 24;

/** By what a song is moved: whole octaves keep it in the key of its music. */
export type PitchSteps = "octaves" | "semitones";

/** Where a voice sings, and who says so. */
export type VoiceRange = { readonly hz: number; readonly from: string };

/** How far a singer was moved, and why. */
export type AutoPitch = {
  readonly semitones: number;
  /** Where the singer sings; null where no pitch was found, and nothing moved. */
  readonly singer: PitchRange | null;
  readonly voice: VoiceRange;
};

/**
 * Where an RVC voice sings: as the caller says, as a note beside its file does, or as a recording there sounds.
 * @throws AppError `invalid_input` where nothing tells; `model_unusable` for a note or a recording that cannot be read
 */
export async function rangeOfVoice(
  voice: TargetVoice,
  said: number | undefined,
  context: PipelineContext,
): Promise<VoiceRange> {
  if (said !== undefined) return { hz: said, from: "voice_pitch_hz" };
  const { noted, recordings } = await findVoicePitch(voice.name, context.config);
  if (noted) return { hz: noted.hz, from: noted.file };
  const [path] = recordings;
  if (path === undefined) {
    throw new AppError(
      "invalid_input",
      `Nothing tells where "${voice.name}" sings, and an RVC file does not. Give \`voice_pitch_hz\`, the median of its notes (low voices some 155, high ones some 255), or put a recording of it, or voice.json with {"pitch_hz": 220}, into its folder.`,
      { violations: [{ path: "params.voice_pitch_hz", message: "Needed for auto_pitch with this voice." }] },
    );
  }
  const range = await measured(`${path} ${await changeOf(path)}`, () => decodedMono(path, context), context);
  if (range) return { hz: range.median, from: basename(path) };
  throw new AppError(
    "model_unusable",
    `${basename(path)}: no pitch was found in it. Put a recording of the voice there.`,
  );
}

/**
 * How far a singer has to be moved to sing where a voice does. What was measured is kept.
 * @param key says which sound it is
 * @param sound at 16 kHz
 */
export async function chooseAutoPitch(
  { voice, steps }: { readonly voice: VoiceRange; readonly steps: PitchSteps },
  { key, sound }: { readonly key?: string; readonly sound: (sampleRate: number) => AsyncIterable<Float32Array> },
  context: PipelineContext,
): Promise<AutoPitch> {
  const singer = await measured(key, () => sound(RATE), context);
  if (!singer) {
    context.warn("No pitch was found in what is to be sung: `auto_pitch` left it where it is.");
    return { semitones: 0, singer: null, voice };
  }
  return { semitones: semitonesBetween(singer.median, voice.hz, steps), singer, voice };
}

/** Semitones from one pitch to another, Hz: the nearest that steps can go, and not above two octaves. */
export function semitonesBetween(from: number, to: number, steps: PitchSteps): number {
  const step = steps === "octaves" ? 12 : 1;
  const wanted = step * Math.round((12 * Math.log2(to / from)) / step);
  return Math.max(-MOST_SEMITONES, Math.min(MOST_SEMITONES, wanted)) + 0;
}

async function measured(
  key: string | undefined,
  sound: () => AsyncIterable<Float32Array>,
  context: PipelineContext,
): Promise<PitchRange | null> {
  const kept = new PitchRanges(context.config.cacheDir);
  const engine = await pitchEngine(context);
  const place = key === undefined ? undefined : `${engine.info.id} ${key}`;
  const known = place === undefined ? undefined : await kept.recall(place);
  if (known !== undefined) return known;
  const samples = await context.clock.time("decode", () => loudSeconds(sound()));
  const range = await context.lanes.hold(lanesOf(engine), () =>
    context.clock.time("pitch", async () => {
      if (samples.length === 0) return null;
      const { values } = await engine.estimate({ samples, sampleRate: RATE }, VOICE, context.signal);
      return rangeOf(values);
    }),
  );
  if (place !== undefined) await kept.remember(place, range);
  return range;
}

/** RMVPE where it is there, which hears music through; else what needs no weights. */
async function pitchEngine({ engines }: PipelineContext): Promise<PitchEstimator> {
  const all = await engines.available("pitch");
  return all.find(({ info }) => info.id === "rmvpe") ?? engines.choose("pitch", "harvest");
}

function rangeOf(values: Float64Array): PitchRange | null {
  const sung = values.filter((hz) => hz > 0).toSorted();
  if (sung.length < MEASURED_PITCH.leastFrames) return null;
  const at = (share: number): number => sung[Math.floor(share * (sung.length - 1))] as number;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}

/** Seconds of sound that are not silent, evenly spread over all of it; a bounded number of them. */
async function loudSeconds(sound: AsyncIterable<Float32Array>): Promise<Float32Array> {
  let pieces: Float32Array[] = [];
  let stride = 1;
  let seen = 0;
  const piece = new Float32Array(RATE);
  let filled = 0;
  const take = (): void => {
    const whole = piece.subarray(0, filled);
    const power = whole.reduce((sum, x) => sum + x * x, 0) / Math.max(1, filled);
    if (power > QUIET ** 2 && seen++ % stride === 0) pieces.push(whole.slice());
    if (pieces.length > 2 * MEASURED_PITCH.seconds) {
      pieces = pieces.filter((_, i) => i % 2 === 0);
      stride *= 2;
    }
    filled = 0;
  };
  for await (const block of sound) {
    for (let from = 0; from < block.length; ) {
      const part = block.subarray(from, from + RATE - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled === RATE) take();
    }
  }
  if (filled > 0) take();
  return concatSamples(pieces);
}

async function* decodedMono(path: string, context: PipelineContext): AsyncGenerator<Float32Array, void> {
  const { signal } = context;
  const most = MEASURED_PITCH.recordingSeconds;
  // A training's whole material lies beside some voices: the first of it says as much.
  const options = { binaries: await context.binaries(), sampleRate: RATE, maxSeconds: most + 60, signal };
  try {
    let seconds = 0;
    for await (const block of decodeAudio(path, options)) {
      yield block;
      seconds += block.length / RATE;
      if (seconds >= most) return;
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "invalid_audio") throw error;
    throw new AppError("model_unusable", `${basename(path)}: it is no recording of a voice. ${error.message}`, {
      cause: error,
    });
  }
}

async function changeOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size} ${Math.round(mtimeMs)}`;
}
