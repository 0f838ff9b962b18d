/** Pulses of a voice from its pitch curve, piece by piece: the phase goes on from one piece to the next. */

/** Cycles between two neighbouring frames; none where either has no voice. */
function cyclesBetween(from: number, to: number, hopSeconds: number): number {
  return from > 0 && to > 0 ? ((from + to) / 2) * hopSeconds : 0;
}

/**
 * Phase (cycles, 0…1) at the last frame of `f0` (Hz, 0 where there is no voice), where it was `phase` at the first one.
 * Every voiced stretch begins with a pulse.
 */
export function advancePhase(f0: Float64Array, phase: number, hopSeconds: number): number {
  let current = phase;
  for (let i = 0; i + 1 < f0.length; i++) {
    current = phaseAfter(current, f0[i] as number, f0[i + 1] as number, hopSeconds);
  }
  return current;
}

function phaseAfter(phase: number, from: number, to: number, hopSeconds: number): number {
  if (!(from > 0 && to > 0)) return 0;
  const next = phase + cyclesBetween(from, to, hopSeconds);
  return next - Math.floor(next);
}

/**
 * Times of the pulses in frames (fractions of them too), from frame 0 up to the last one, which is left out. Pulses are
 * where the phase is a whole number.
 */
export function placePulses(f0: Float64Array, phase: number, hopSeconds: number): Float64Array {
  const times: number[] = [];
  let current = phase;
  for (let i = 0; i + 1 < f0.length; i++) {
    const from = f0[i] as number;
    const to = f0[i + 1] as number;
    const end = current + cyclesBetween(from, to, hopSeconds);
    for (let turn = Math.ceil(current); turn < end; turn++) {
      times.push(i + timeOf(turn - current, from * hopSeconds, to * hopSeconds));
    }
    current = phaseAfter(current, from, to, hopSeconds);
  }
  return Float64Array.from(times);
}

/** Share of a frame after which `cycles` have passed, where the rate goes from `from` to `to` cycles a frame. */
function timeOf(cycles: number, from: number, to: number): number {
  // cycles = from·t + (to − from)·t²/2, in the form that also holds for a constant rate.
  return (2 * cycles) / (from + Math.sqrt(Math.max(0, from * from + 2 * (to - from) * cycles)));
}
