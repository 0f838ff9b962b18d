import { join } from "node:path";
import { z } from "zod";
import { readSheet } from "./avatar-sheet.ts";

/** A sine whose period divides the loop: `cycles` per loop, `phase` in turns. */
const harmonic = z.object({ cycles: z.number().int().positive(), amplitude: z.number(), phase: z.number().default(0) });
const channel = z.array(harmonic).default([]);

const loop = z.object({
  seconds: z.number().positive(),
  channels: z.object({
    /** Raise of the shoulders, u; the sum is moved up so that 0 is its lowest point. */
    breath: channel,
    /** Roll of the head, degrees. */
    roll: channel,
    /** Travel and turn of the head, u. */
    x: channel,
    y: channel,
    yaw: channel,
    pitch: channel,
  }),
  /** Seconds at which lids begin to close. */
  blinks: z.array(z.number()),
  /** Looks aside: from `at`, for `seconds`, by (`x`, `y`) u. */
  glances: z.array(z.object({ at: z.number(), seconds: z.number(), x: z.number(), y: z.number() })),
  /** Raises of the brows, u, centred on `at`. */
  brows: z.array(z.object({ at: z.number(), raise: z.number(), seconds: z.number().default(0.25) })),
});

const sheet = z.object({ loops: z.object({ short: loop, long: loop }) });

/** One loop of idle life. Times in seconds, lengths in u. */
export type Loop = z.infer<typeof loop>;

/** A sine of a loop. */
export type Harmonic = z.infer<typeof harmonic>;

/** The idle life of a person, `motion.json`. */
export type MotionSheet = z.infer<typeof sheet>;

/** Reads `motion.json` of the person whose folder is `directory`. */
export async function readMotionSheet(directory: string): Promise<MotionSheet> {
  return readSheet(join(directory, "motion.json"), sheet, "An avatar's motion.json");
}
