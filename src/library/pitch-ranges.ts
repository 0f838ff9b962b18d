import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { KEPT_PITCH_RANGES } from "../limits/songs.ts";

const rangeSchema = z.strictObject({
  median: z.number().positive(),
  low: z.number().positive(),
  high: z.number().positive(),
});
const storedSchema = z.strictObject({ version: z.literal(1), ranges: z.record(z.string(), rangeSchema.nullable()) });

/** Where somebody sings, Hz: median, 10th and 90th percentile of the time in which there is a pitch. */
export type PitchRange = z.infer<typeof rangeSchema>;

/** Ranges that were measured, in one file of the cache, by what they were measured on. */
export class PitchRanges {
  readonly #path: string;

  constructor(cacheDir: string) {
    this.#path = join(cacheDir, "pitch-ranges.json");
  }

  /** What was measured; null where there was no pitch, undefined where nothing was. */
  async recall(key: string): Promise<PitchRange | null | undefined> {
    return (await this.#read()).get(key);
  }

  /** Of several processes that write at once the last one wins: the others measure again. */
  async remember(key: string, range: PitchRange | null): Promise<void> {
    const ranges = await this.#read();
    ranges.delete(key);
    ranges.set(key, range);
    const kept = [...ranges].slice(-KEPT_PITCH_RANGES);
    const draft = `${this.#path}.${randomUUID().slice(0, 8)}.part`;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFile(draft, `${JSON.stringify({ version: 1, ranges: Object.fromEntries(kept) })}\n`, { flag: "wx" });
      await rename(draft, this.#path);
    } catch {
      // It is measured again the next time.
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }

  async #read(): Promise<Map<string, PitchRange | null>> {
    try {
      const stored = storedSchema.parse(JSON.parse(await readFile(this.#path, "utf8")));
      return new Map(Object.entries(stored.ranges));
    } catch {
      return new Map();
    }
  }
}
