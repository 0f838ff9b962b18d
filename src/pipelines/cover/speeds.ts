import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { KEPT_SPEEDS } from "../../limits/songs.ts";

/** Seconds of sound that a stage was given, and that it took. */
const run = z.tuple([z.number().positive(), z.number().positive()]);
const file = z.record(z.string().max(200), z.array(run).max(1000));

type Run = z.output<typeof run>;

/** How long stages took on this machine, and how long they will take. What cannot be read or written is no fault. */
export class Speeds {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** A look at what is known now: seconds that a stage will take for so many of sound; undefined before its first run. */
  async expectations(): Promise<(stage: string, seconds: number) => number | undefined> {
    const known = await this.#read();
    return (stage, seconds) => expected(known[stage] ?? [], seconds);
  }

  /** Remembers a run. */
  async note(stage: string, sound: number, took: number): Promise<void> {
    if (!(sound > 0 && took > 0)) return;
    // Read anew: other jobs have learnt something meanwhile.
    const known = await this.#read();
    const runs = [...(known[stage] ?? []), [sound, took] satisfies Run].slice(-KEPT_SPEEDS.runs);
    const path = `${this.#path}.${randomUUID().slice(0, 8)}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${JSON.stringify({ ...known, [stage]: runs })}\n`);
      await rename(path, this.#path);
    } catch {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async #read(): Promise<Readonly<Record<string, readonly Run[]>>> {
    try {
      return file.parse(JSON.parse(await readFile(this.#path, "utf8")));
    } catch {
      return {};
    }
  }
}

/** By the median speed of the runs that were nearest in length, as short ones have their start to bear. */
function expected(runs: readonly Run[], sound: number): number | undefined {
  const distance = ([seconds]: Run): number => Math.abs(Math.log(seconds / Math.max(0.1, sound)));
  const near = runs
    // The latest of those that are equally near.
    .toReversed()
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, KEPT_SPEEDS.asked);
  const speeds = near.map(([seconds, took]) => took / seconds).toSorted((a, b) => a - b);
  const middle = speeds[Math.floor(speeds.length / 2)];
  return middle === undefined ? undefined : middle * sound;
}
