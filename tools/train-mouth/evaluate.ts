/**
 * Measures the network as the rig uses it: clips of `clip-store.ts` go through the session, in parts as recordings come,
 * and the mouth that would be drawn is held against the one that the phonemes ask for.
 * Usage: node tools/train-mouth/evaluate.ts FOLDER [--formants] SET...
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { audioMouth } from "../../src/engines/lipsync/rig/audio-mouth.ts";
import type { MouthSource } from "../../src/engines/lipsync/rig/coarticulation.ts";
import { HeardMouth } from "../../src/engines/lipsync/rig/mouth-network/heard-mouth.ts";
import { MouthModel } from "../../src/engines/lipsync/rig/mouth-network/mouth-model.ts";
import { PARAMETER, PARAMETER_COUNT } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { cutAtQuiet } from "../../src/pipelines/speech-from-audio.ts";
import { correlation } from "../../test/rig/openness.ts";
import { FRAME_RATE, ROW, SAMPLE_RATE } from "./clip-store.ts";

type Entry = { language: string; speaker: string; samples: number; frames: number };
type Score = {
  r: number;
  shifted: number;
  met: number;
  closures: number;
  right: number;
  heard: number;
  open: number;
  spread: number;
};

const formants = process.argv.includes("--formants");
const [folder = "", ...sets] = process.argv.slice(2).filter((word) => word !== "--formants");
const model = new MouthModel(join(import.meta.dirname, "../../models"));

/** Height of the opening in the middle, in half mouth widths: `MouthGeometry.shape` in one line. */
function aperture(mouth: ArrayLike<number>): number {
  const at = (name: keyof typeof PARAMETER): number => mouth[PARAMETER[name]] as number;
  const arch = 0.22 * at("round") * 0.567 * at("jaw");
  const open = 0.68 * at("jaw") * (1 - 0.9 * at("tuck")) + 0.14 * at("upper") + 0.18 * at("lower") + arch;
  return open * (1 - Math.min(1, Math.max(0, at("press"))));
}

/** Mouths of a clip, and the centres of its closures. */
async function heard(samples: Float32Array): Promise<{ apertures: Float64Array; closures: number[] }> {
  const frames = Math.floor((samples.length / SAMPLE_RATE) * FRAME_RATE);
  const sources: { start: number; end: number; source: MouthSource }[] = [];
  const stream = new HeardMouth(model);
  async function* blocks(): AsyncGenerator<Float32Array> {
    yield samples;
  }
  let start = 0;
  for await (const part of cutAtQuiet(blocks())) {
    const end = start + part.length / SAMPLE_RATE;
    const audio = { sampleRate: SAMPLE_RATE, samples: part };
    const source = formants ? audioMouth({ text: "", language: "und", audio }) : await stream.push(part, SAMPLE_RATE);
    sources.push({ start, end, source });
    start = end;
  }
  const mouth = new Float64Array(PARAMETER_COUNT);
  const apertures = new Float64Array(frames);
  let now = 0;
  for (let i = 0; i < frames; i++) {
    const t = (i + 0.5) / FRAME_RATE;
    while (now < sources.length - 1 && t >= (sources[now]?.end ?? 0)) now++;
    const { source, start: from = 0 } = sources[now] ?? {};
    source?.sample(t - from, mouth);
    apertures[i] = aperture(mouth);
  }
  return {
    apertures,
    closures: sources.flatMap(({ start: from, source }) => [...source.closures].map((c) => c + from)),
  };
}

/** Middles of the runs in which lips are to be closed, in frames, and their lengths. */
function runs(rows: Float32Array, frames: number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let i = 0, from = -1; i <= frames; i++) {
    const shut = i < frames && rows[i * ROW + PARAMETER_COUNT] === 1;
    if (shut && from < 0) from = i;
    if (shut || from < 0) continue;
    found.push({ from, to: i });
    from = -1;
  }
  return found;
}

function deviation(track: Float64Array): number {
  const mean = track.reduce((sum, x) => sum + x, 0) / track.length;
  return Math.sqrt(track.reduce((sum, x) => sum + (x - mean) ** 2, 0) / track.length);
}

async function score(samples: Float32Array, rows: Float32Array): Promise<Score> {
  const { apertures, closures } = await heard(samples);
  const frames = apertures.length;
  const truth = Float64Array.from({ length: frames }, (_, i) => aperture(rows.subarray(i * ROW, (i + 1) * ROW)));
  const rotated = (by: number): Float64Array => truth.map((_, i) => truth[(i + by) % frames] as number);
  const wanted = runs(rows, frames);
  // Met: the lips come within a tenth of their widest of each other, within 60 ms.
  const widest = Math.max(...truth);
  const met = wanted.filter(({ from, to }) => {
    const near = apertures.subarray(Math.max(0, from - 4), to + 4);
    return Math.min(...near) < 0.1 * widest;
  });
  // Right: a full closure where p, b, m, f, v or a pause is near.
  const labial = (i: number): boolean =>
    [PARAMETER_COUNT, PARAMETER_COUNT + 1].some((c) => rows[i * ROW + c] === 1) ||
    rows[i * ROW + PARAMETER_COUNT + 2] === 0;
  const right = closures.filter((t) => {
    for (let i = Math.round(t * 100) - 5; i <= t * 100 + 5; i++) if (i >= 0 && i < frames && labial(i)) return true;
    return false;
  });
  let rest = 0;
  let open = 0;
  for (let i = 0; i < frames; i++) {
    if ((truth[i] as number) > 0.005 || rows[i * ROW + PARAMETER_COUNT + 2] !== 0) continue;
    rest++;
    if ((apertures[i] as number) > 0.06) open++;
  }
  const shifted = Math.max(...[80, 130, 190, 260].map((by) => correlation(apertures, rotated(by))));
  return {
    r: correlation(apertures, truth),
    shifted,
    met: met.length,
    closures: wanted.length,
    right: right.length,
    heard: closures.length,
    open: open / Math.max(1, rest),
    spread: deviation(apertures) / deviation(truth),
  };
}

for (const name of sets) {
  const entries = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Entry[];
  const pcm = readFileSync(join(folder, `${name}.pcm`));
  const mouths = readFileSync(join(folder, `${name}.mouths`));
  const scores = new Map<string, Score[]>();
  let [sample, row] = [0, 0];
  for (const entry of entries) {
    const ints = new Int16Array(pcm.buffer, pcm.byteOffset + 2 * sample, entry.samples);
    const rows = new Float32Array(mouths.buffer, mouths.byteOffset + 4 * row, entry.frames * ROW);
    sample += entry.samples;
    row += entry.frames * ROW;
    const result = await score(
      Float32Array.from(ints, (x) => x / 32_768),
      rows,
    );
    const key = name === "others" ? entry.speaker : entry.language;
    scores.set(key, [...(scores.get(key) ?? []), result]);
  }
  const all = [...scores.values()].flat();
  for (const [key, group] of [["all", all], ...[...scores].sort(([a], [b]) => a.localeCompare(b))] as const) {
    const mean = (read: (each: Score) => number): number =>
      group.reduce((sum, each) => sum + read(each), 0) / group.length;
    const ratio = (a: keyof Score, b: keyof Score): string => (mean((s) => s[a]) / mean((s) => s[b])).toFixed(2);
    console.log(
      `${name.padEnd(14)} ${key.padEnd(13)} clips ${String(group.length).padStart(3)}  r ${mean((s) => s.r).toFixed(3)}` +
        `  shifted ${mean((s) => s.shifted).toFixed(2)}  closures met ${ratio("met", "closures")}, right ${ratio("right", "heard")}` +
        `  open in silence ${(100 * mean((s) => s.open)).toFixed(1)} %  spread ${mean((s) => s.spread).toFixed(2)}`,
    );
  }
}
await model.close();
