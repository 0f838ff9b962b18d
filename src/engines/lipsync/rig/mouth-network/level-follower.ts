/** Numbers that `tools/train-mouth/mel.py` has too: the network was trained on frames measured this way. */

/** Frames whose energies are averaged. */
const SMOOTH = 5;
/** Decibels per frame by which the level falls when it grows quiet: 2 dB a second. */
const DECAY = 0.02;
/** Frames at the start of a stream whose loudest moment the level begins with. */
const OPENING = 300;
/** Lowest level, dB: what is quieter than speech ever is stays silence. */
const QUIETEST = -55;
/** Range under the level that is told apart, dB, and what a step of 1 of a feature is. */
const DYNAMIC = 70;
const SCALE = 20;

/** Features of silence. */
export const SILENCE = -DYNAMIC / SCALE;

/** Measures log-mel frames against the level of the speech so far, so that loud and quiet recordings look alike. */
export class LevelFollower {
  #level: number | undefined;
  #energies: number[] = [];

  /** A follower that goes on from here, independent of this one. */
  fork(): LevelFollower {
    const twin = new LevelFollower();
    twin.#level = this.#level;
    twin.#energies = [...this.#energies];
    return twin;
  }

  /**
   * Turns frames into features in place: 0 at the level, −1 at 20 dB under it, never under `SILENCE`.
   * @param mel the frames that follow the last ones, `bands` numbers each, dB
   */
  apply(mel: Float32Array, bands: number): void {
    const count = mel.length / bands;
    if (count === 0) return;
    const smooth = Float64Array.from({ length: count }, (_, i) => this.#smoothed(mel, i, bands));
    this.#level ??= smooth.subarray(0, OPENING).reduce((most, value) => Math.max(most, value), QUIETEST);
    for (let i = 0; i < count; i++) {
      const level = Math.max(smooth[i] as number, this.#level - DECAY, QUIETEST);
      this.#level = level;
      for (let at = i * bands; at < (i + 1) * bands; at++) {
        mel[at] = Math.max((mel[at] as number) - level, -DYNAMIC) / SCALE;
      }
    }
  }

  #smoothed(mel: Float32Array, frame: number, bands: number): number {
    let power = 0;
    for (let at = frame * bands; at < (frame + 1) * bands; at++) power += 10 ** ((mel[at] as number) / 10);
    const energy = 10 * Math.log10(power);
    if (this.#energies.length === 0) this.#energies = Array.from({ length: SMOOTH }, () => energy);
    this.#energies.shift();
    this.#energies.push(energy);
    return this.#energies.reduce((sum, value) => sum + value, 0) / SMOOTH;
  }
}
