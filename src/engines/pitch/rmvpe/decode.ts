/** Pitches of RMVPE's network and of CREPE's, 20 cents apart; cents above 10 Hz. */
const PITCHES = 360;
const STEP_CENTS = 20;
const FIRST_CENTS = 1997.379_408_437_619_1;
const BASE_HZ = 10;
/** Pitches on either side of the likeliest that its place is averaged over. */
const REACH = 4;

/** Under this nothing is sung. */
export const RMVPE_THRESHOLD = 0.03;

/**
 * The pitch of each frame, Hz: the mean of the pitches around the likeliest, each by its likelihood; 0 where the likeliest
 * is not above the threshold.
 * @param salience [frames, 360] from 0 to 1
 */
export function decodeSalience(salience: Float32Array, threshold = RMVPE_THRESHOLD): Float64Array {
  const f0 = new Float64Array(Math.floor(salience.length / PITCHES));
  for (let frame = 0; frame < f0.length; frame++) {
    const row = frame * PITCHES;
    let best = 0;
    for (let i = 1; i < PITCHES; i++) {
      if ((salience[row + i] as number) > (salience[row + best] as number)) best = i;
    }
    if (!((salience[row + best] as number) > threshold)) continue;
    let sum = 0;
    let cents = 0;
    for (let i = Math.max(0, best - REACH); i <= Math.min(PITCHES - 1, best + REACH); i++) {
      const weight = salience[row + i] as number;
      sum += weight;
      cents += weight * (FIRST_CENTS + STEP_CENTS * i);
    }
    f0[frame] = BASE_HZ * 2 ** (cents / sum / 1200);
  }
  return f0;
}
