import { AppError } from "../../../errors.ts";
import type { Leases } from "../../../inference/model-cache.ts";
import type { PitchEstimator } from "../../pitch/pitch-estimator.ts";
import type { ConversionOptions, F0Point, RetrievalSettings } from "../voice-converter.ts";
import { preparedF0, RVC_F0 } from "./f0.ts";
import { RVC_FRAME, RVC_RATE } from "./passages.ts";
import type { FindF0 } from "./song.ts";

/** How the pitch of a voice can be found: by which engine, and how that is asked. */
type Method = {
  readonly engine: string;
  readonly floor: number;
  readonly ceiling: number;
  readonly size?: "full" | "tiny";
  /** Every frame has a pitch, at the caller's own hop: `protect` finds nothing to protect then. */
  readonly mangio?: true;
};

const METHODS: Readonly<Record<string, Method>> = {
  // RVC takes all that this network hears.
  rmvpe: { engine: "rmvpe", floor: 31, ceiling: 2010 },
  crepe: { engine: "crepe", ...RVC_F0 },
  "crepe-tiny": { engine: "crepe", ...RVC_F0, size: "tiny" },
  "mangio-crepe": { engine: "crepe", ...RVC_F0, mangio: true },
  "mangio-crepe-tiny": { engine: "crepe", ...RVC_F0, size: "tiny", mangio: true },
  harvest: { engine: "harvest", ...RVC_F0 },
  dio: { engine: "dio", ...RVC_F0 },
};

/** What RVC voices are sung with where the weights of `rmvpe`, which is the default, are not there. */
const SPARE = "harvest";

/** What finds the pitch of passages. */
export type F0Finder = {
  readonly find: FindF0;
  /** Holds the networks that it needs: see `PitchEstimator`. */
  hold(leases: Leases, signal: AbortSignal): Promise<AsyncDisposable | undefined>;
};

/** Makes pitch engines, by id. @throws AppError `engine_unavailable` */
export type PitchEngines = (id: string) => Promise<PitchEstimator>;

/**
 * What finds the pitch of a passage, as the settings want it: shifted, and smoothed where RVC does so.
 * @throws AppError `invalid_input` for a method that there is not; `engine_unavailable` for one without its weights
 */
export async function f0Finder(
  engines: PitchEngines,
  {
    f0Method,
    filterRadius,
    crepeHopLength,
    f0Curve = [],
  }: Pick<RetrievalSettings, "f0Method" | "filterRadius" | "crepeHopLength" | "f0Curve">,
  { pitch: semitones, warn, foundPitch }: Pick<ConversionOptions, "pitch" | "warn" | "foundPitch">,
): Promise<F0Finder> {
  const method = METHODS[f0Method];
  if (!method) {
    const known = Object.keys(METHODS).join(", ");
    throw new AppError("invalid_input", `There is no f0_method "${f0Method.slice(0, 40)}". Known: ${known}.`, {
      violations: [{ path: "params.f0_method", message: `Must be one of ${known}.` }],
    });
  }
  let used = f0Method;
  const engine = await engines(method.engine).catch((error: unknown) => {
    if (f0Method !== "rmvpe" || !(error instanceof AppError) || error.code !== "engine_unavailable") throw error;
    used = SPARE;
    warn?.(`The pitch was found by ${SPARE}: ${error.message}`);
    return engines(SPARE);
  });
  foundPitch?.(used);
  const { floor, ceiling, size, mangio } = METHODS[used] as Method;
  const hopSeconds = (mangio ? crepeHopLength : RVC_FRAME) / RVC_RATE;
  const options = { floor, ceiling, hopSeconds, everywhere: mangio === true, ...(size ? { size } : {}) };
  const find: FindF0 = async (samples, from, signal) => {
    const { values } = await engine.estimate({ samples, sampleRate: RVC_RATE }, options, signal);
    const found = mangio ? spreadOver(values, Math.floor(samples.length / RVC_FRAME)) : values;
    const f0 = preparedF0(found, { method: used, semitones, filterRadius });
    return f0.map((hz, frame) => pitchAt(f0Curve, from + (frame * RVC_FRAME) / RVC_RATE) ?? hz);
  };
  return { find, hold: async (leases, signal) => engine.hold?.(leases, options, signal) };
}

/** What a caller's curve says of a time; undefined before its first point and after its last. */
function pitchAt(curve: readonly F0Point[], seconds: number): number | undefined {
  // The first point that is not before it.
  let [low, high] = [0, curve.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((curve[middle] as F0Point)[0] < seconds - 1e-9) low = middle + 1;
    else high = middle;
  }
  const next = curve[low];
  const before = curve[low - 1] ?? next;
  if (!next || !before || (low === 0 && next[0] > seconds + 1e-9)) return undefined;
  const share = next[0] > before[0] ? (seconds - before[0]) / (next[0] - before[0]) : 1;
  // Between what is sung and what is not there is no line.
  if (before[1] === 0 || next[1] === 0) return share < 0.5 ? before[1] : next[1];
  return before[1] + (next[1] - before[1]) * share;
}

/** A curve on another number of frames: place `i` is at `i · length / frames` of it, between two on the line. */
function spreadOver(values: Float64Array, frames: number): Float64Array {
  const last = values.length - 1;
  return Float64Array.from({ length: frames }, (_, i) => {
    const place = Math.min(last, (i * values.length) / frames);
    const before = Math.floor(place);
    const [a, b] = [values[before] as number, values[Math.min(last, before + 1)] as number];
    return a + (b - a) * (place - before);
  });
}
