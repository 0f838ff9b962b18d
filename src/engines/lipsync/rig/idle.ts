import type { Harmonic, Loop } from "./motion-sheet.ts";

/** What idle life adds at one moment. Lengths in u, roll in radians. */
export type Idle = {
  breath: number;
  roll: number;
  x: number;
  y: number;
  yaw: number;
  pitch: number;
  gazeX: number;
  gazeY: number;
  shut: number;
  brow: number;
};

/** A blink, seconds: lids fall fast, rest, and rise slowly. */
const CLOSE = 0.08;
const HOLD = 0.03;
const OPEN = 0.17;
/** Eyes jump; a camera catches them half way for less than a frame. */
const SACCADE = 0.035;
/** Lids follow a lowered gaze: part of a blink per u. */
const LID_PER_GAZE = 0.022;
/** The head answers the breath later than the shoulders, and by a part of it. */
const HEAD_BREATH_DELAY = 0.15;
const HEAD_BREATH = 0.52;

/** How far a blink that began `t` seconds ago has shut the eye, 0…1. */
export function blinkAt(t: number): number {
  if (t <= 0 || t >= CLOSE + HOLD + OPEN) return 0;
  if (t < CLOSE) {
    const x = t / CLOSE;
    return x * x * (3 - 2 * x);
  }
  if (t < CLOSE + HOLD) return 1;
  const x = (t - CLOSE - HOLD) / OPEN;
  return (1 - x) ** 2 * (1 + 0.6 * x);
}

/** Rise, plateau and fall of a glance, 0…1. */
function glanceAt(t: number, seconds: number): number {
  return Math.min(1, Math.max(0, t / SACCADE)) * Math.min(1, Math.max(0, (seconds - t) / SACCADE));
}

const wave = (harmonics: readonly Harmonic[], turn: number): number =>
  harmonics.reduce((sum, h) => sum + h.amplitude * Math.sin(2 * Math.PI * (h.cycles * turn + h.phase)), 0);

/**
 * Idle life at a place of the loop. Everything continuous is a sum of harmonics of the loop's length and every event
 * comes from its table, so the picture of a whole number of loops later is the same to the bit.
 *
 * @param turn place in the loop, 0…1; frame k of n is (k mod n)/n
 */
export function idleAt(loop: Loop, turn: number, out: Idle): void {
  const { channels, seconds } = loop;
  const t = turn * seconds;
  const depth = channels.breath.reduce((sum, h) => sum + Math.abs(h.amplitude), 0);
  out.breath = depth + wave(channels.breath, turn);
  const delayed = depth + wave(channels.breath, turn - HEAD_BREATH_DELAY / seconds);
  out.roll = (wave(channels.roll, turn) * Math.PI) / 180;
  out.x = wave(channels.x, turn);
  out.y = wave(channels.y, turn) - HEAD_BREATH * delayed;
  out.yaw = wave(channels.yaw, turn);
  out.pitch = wave(channels.pitch, turn);
  out.gazeX = 0;
  out.gazeY = 0;
  out.shut = 0;
  out.brow = 0;
  for (const glance of loop.glances) {
    const share = glanceAt(t - glance.at, glance.seconds);
    out.gazeX += share * glance.x;
    out.gazeY += share * glance.y;
  }
  for (const start of loop.blinks) out.shut = Math.max(out.shut, blinkAt(t - start));
  out.shut = Math.max(out.shut, Math.max(0, out.gazeY) * LID_PER_GAZE);
  for (const brow of loop.brows) {
    const z = (t - brow.at) / brow.seconds;
    if (Math.abs(z) < 5) out.brow += brow.raise * Math.exp(-0.5 * z * z);
  }
}
