/**
 * Clips of speech and the mouths that belong to them, as files that numpy maps into memory:
 *
 *     NAME.pcm      int16, 16 kHz mono, one clip after the other
 *     NAME.mouths   float32, rows of `ROW`: 11 mouth parameters, lips closed, lip tucked, viseme's index
 *     NAME.json     [{ language, speaker, samples, frames }], in the same order
 *
 * Row `i` of a clip is the mouth at `(i + 0.5) / 100` seconds.
 */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { coarticulate } from "../../src/engines/lipsync/rig/coarticulation.ts";
import { type MouthEvent, mouthEvents } from "../../src/engines/lipsync/rig/mouth-events.ts";
import { PARAMETER_COUNT } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { VISEMES } from "../../src/engines/lipsync/rig/viseme-table.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";

export const SAMPLE_RATE = 16_000;
export const FRAME_RATE = 100;
/** Numbers per frame. */
export const ROW = PARAMETER_COUNT + 3;

const NAMES = Object.keys(VISEMES);
/** Seconds beside a closure's flat part at which it is half closed. */
const HALF_RAMP = 0.023;

/** Whether a closure holds at `t`: the same times that the rig closes lips in, up to the middle of its ramps. */
function closed(event: MouthEvent, t: number): boolean {
  const duration = event.end - event.start;
  const centre = event.start + 0.45 * duration - 0.01;
  return Math.abs(t - centre) <= Math.max(0.022, 0.26 * duration) + HALF_RAMP;
}

/** Mouths of a part of speech whose phonemes are timed, 100 a second. */
export function mouthsOf(part: SpeechPart): Float32Array {
  const events = mouthEvents(part);
  const source = coarticulate(events);
  const frames = Math.floor((part.audio.samples.length / part.audio.sampleRate) * FRAME_RATE);
  const rows = new Float32Array(frames * ROW);
  const mouth = new Float64Array(PARAMETER_COUNT);
  const closures = events.filter(({ viseme }) => viseme.name === "PP" || viseme.name === "FF");
  let now = 0;
  let near = 0;
  for (let i = 0; i < frames; i++) {
    const t = (i + 0.5) / FRAME_RATE;
    source.sample(t, mouth);
    const row = rows.subarray(i * ROW, (i + 1) * ROW);
    row.set(mouth);
    while ((events[now]?.end ?? Infinity) <= t) now++;
    row[PARAMETER_COUNT + 2] = NAMES.indexOf(events[now]?.viseme.name ?? "rest");
    while ((closures[near]?.end ?? Infinity) < t - 0.2) near++;
    for (let k = near; k < closures.length && (closures[k] as MouthEvent).start < t + 0.2; k++) {
      const event = closures[k] as MouthEvent;
      if (closed(event, t)) row[PARAMETER_COUNT + (event.viseme.name === "PP" ? 0 : 1)] = 1;
    }
  }
  return rows;
}

type Entry = { language: string; speaker: string; samples: number; frames: number };

/** Writes clips as they are made. */
export class ClipStore {
  readonly #path: string;
  readonly #pcm: number;
  readonly #mouths: number;
  readonly #entries: Entry[] = [];
  seconds = 0;

  constructor(path: string) {
    this.#path = path;
    this.#pcm = openSync(`${path}.pcm`, "w");
    this.#mouths = openSync(`${path}.mouths`, "w");
  }

  /** Adds a part at 16 kHz whose phonemes are timed. */
  add(part: SpeechPart, speaker: string): void {
    const { samples } = part.audio;
    const rows = mouthsOf(part);
    writeSync(
      this.#pcm,
      Int16Array.from(samples, (x) => Math.max(-1, Math.min(1, x)) * 32_767),
    );
    writeSync(this.#mouths, rows);
    this.#entries.push({ language: part.language, speaker, samples: samples.length, frames: rows.length / ROW });
    this.seconds += samples.length / SAMPLE_RATE;
  }

  close(): void {
    closeSync(this.#pcm);
    closeSync(this.#mouths);
    writeFileSync(`${this.#path}.json`, JSON.stringify(this.#entries));
  }
}
