import { placePulses } from "../../../signal/voice/pulse-train.ts";
import { renderPulses } from "../../../signal/voice/render-pulses.ts";
import { cheapTrick, d4c } from "../../../signal/world/index.ts";
import type { RenderTask } from "./protocol.ts";
import { TimbreMap } from "./timbre-map.ts";
import { lowShare } from "./voicing.ts";

/** Frames around the stretch that decide on its outer frames. */
const MARGIN = 8;
/** A frame with less of its power below 4 kHz is a hiss, whatever the pitch tracker thinks. */
const HISS_SHARE = 0.35;
/** Aperiodicity changes slowly: it is measured at every so many frames. */
const NOISE_STRIDE = 2;

type Rows = {
  /** Row of each frame of the window, −1 for none. */
  readonly rows: Int32Array;
  readonly envelope: Float32Array;
  readonly aperiodicity: Float32Array;
};

/**
 * The stretch in the new voice, with fftSize/2 samples before and after it for its sound that reaches there. Voiceless
 * frames are the source's own samples, faded over a few ms into the voiced ones.
 */
export function renderVoice(task: RenderTask): Float32Array {
  const { sampleRate, hop, fftSize, firstFrame, frames, length, samples } = task;
  const half = fftSize / 2;
  const output = new Float32Array(length + fftSize);
  const from = Math.max(0, firstFrame - MARGIN);
  const to = Math.min(task.targetF0.length, firstFrame + frames + 1 + MARGIN);
  const rows = analyse(task, from, to);
  const voice = voiceGain(task, from, to, rows, sampleRate / fftSize);
  const first = firstFrame - from;
  if (rows.envelope.length > 0) {
    const timbre = new TimbreMap(task.timbre, sampleRate, fftSize);
    const bins = half + 1;
    for (let i = from; i < to; i++) {
      const row = rows.rows[i - from] as number;
      if (row < 0) continue;
      const [start, end] = [row * bins, (row + 1) * bins];
      timbre.envelope(rows.envelope.subarray(start, end), task.sourceF0[i] as number, task.targetF0[i] as number);
      timbre.aperiodicity(rows.aperiodicity.subarray(start, end));
    }
    const f0 = task.targetF0.subarray(firstFrame, to);
    const pulses = placePulses(f0, task.phase, hop / sampleRate);
    renderPulses(
      {
        sampleRate,
        fftSize,
        hop,
        firstSample: task.firstSample + Math.round(firstFrame * hop),
        seed: task.seed,
        pulses,
        count: pulses.findLastIndex((time) => time < frames) + 1,
        f0,
        rows: rows.rows.subarray(first),
        envelope: rows.envelope,
        aperiodicity: rows.aperiodicity,
        gain: voice.subarray(first).map((x) => Math.sin((x * Math.PI) / 2)),
      },
      output,
      half,
    );
  }
  const start = Math.round(firstFrame * hop);
  addVoiceless(samples.subarray(start), output, half, length, voice.subarray(first), hop);
  return output;
}

/** Envelopes and aperiodicities of the frames `from`…`to` − 1 that have an f0. */
function analyse(
  { samples, sampleRate, hop, fftSize, sourceF0, firstSample }: RenderTask,
  from: number,
  to: number,
): Rows {
  const rows = new Int32Array(to - from).fill(-1);
  const chosen: number[] = [];
  for (let i = from; i < to; i++) {
    if ((sourceF0[i] as number) > 0) rows[i - from] = chosen.push(i) - 1;
  }
  const timeOf = (frame: number): number => (frame * hop) / sampleRate;
  const f0Of = (frame: number): number => sourceF0[frame] as number;
  // Lower voices than the transform has room for are looked at through a window that is a little short for them.
  const lowest = (3 * sampleRate) / (fftSize - 3) + 1e-6;
  const { envelope } = cheapTrick(
    samples,
    sampleRate,
    Float64Array.from(chosen, (frame) => Math.max(lowest, f0Of(frame))),
    Float64Array.from(chosen, timeOf),
    { fftSize },
  );
  const bins = fftSize / 2 + 1;
  const aperiodicity = new Float32Array(chosen.length * bins);
  // By the number of the frame in the source, so that cutting it elsewhere changes nothing.
  const offset = Math.round(firstSample / hop);
  const measured = chosen.map(
    (frame, row) =>
      (frame + offset) % NOISE_STRIDE === 0 || chosen[row - 1] !== frame - 1 || chosen[row + 1] !== frame + 1,
  );
  const sites = chosen.filter((_, row) => measured[row]);
  const found = d4c(samples, sampleRate, Float64Array.from(sites, f0Of), Float64Array.from(sites, timeOf), {
    threshold: 0,
    fftSize,
  }).aperiodicity;
  for (let row = 0, site = 0; row < chosen.length; row++) {
    const target = aperiodicity.subarray(row * bins, (row + 1) * bins);
    if (measured[row]) {
      target.set(found.subarray(site * bins, (site + 1) * bins));
      site++;
    } else {
      const before = (site - 1) * bins;
      for (let k = 0; k < bins; k++) {
        target[k] = ((found[before + k] as number) + (found[before + bins + k] as number)) / 2;
      }
    }
  }
  return { rows, envelope, aperiodicity };
}

/** Share of the voice in each frame of the window, 0…1. */
function voiceGain(
  { voiced }: RenderTask,
  from: number,
  to: number,
  { rows, envelope }: Rows,
  binHz: number,
): Float64Array {
  const bins =
    envelope.length /
    Math.max(
      1,
      rows.reduce((count, row) => Math.max(count, row + 1), 0),
    );
  const isVoice = Uint8Array.from({ length: to - from }, (_, i) => {
    const row = rows[i] as number;
    if (row < 0 || voiced[from + i] === 0) return 0;
    return lowShare(envelope.subarray(row * bins, (row + 1) * bins), binHz) > HISS_SHARE ? 1 : 0;
  });
  const at = (values: Uint8Array, i: number): number => values[Math.min(values.length - 1, Math.max(0, i))] as number;
  // A single frame of the other kind is a mistake.
  const steady = isVoice.map((value, i) => (at(isVoice, i - 1) === at(isVoice, i + 1) ? at(isVoice, i - 1) : value));
  return Float64Array.from(steady, (value, i) => (at(steady, i - 1) + 2 * value + at(steady, i + 1)) / 4).map(
    (share, i) => ((rows[i] as number) < 0 ? 0 : share),
  );
}

/** Adds the source's samples where there is no voice. */
function addVoiceless(
  samples: Float32Array,
  output: Float32Array,
  origin: number,
  length: number,
  voice: Float64Array,
  hop: number,
): void {
  for (let n = 0; n < length; n++) {
    const frame = Math.floor(n / hop);
    const low = voice[frame] as number;
    const share = low + ((n - frame * hop) / hop) * ((voice[frame + 1] ?? low) - low);
    if (share >= 1) continue;
    const level = share <= 0 ? 1 : Math.cos((share * Math.PI) / 2);
    output[origin + n] = (output[origin + n] as number) + level * (samples[n] as number);
  }
}
