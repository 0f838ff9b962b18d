/** Frames that a sound is analysed at, and where it may be cut so that the pieces are analysed as the whole is. */

/** Rate that the pitch trackers of the WORLD vocoder work at, about, in Hz, and their largest divisor. */
const SEARCH_RATE = 8000;
const LARGEST_RATIO = 12;
/** Steps of the search of Harvest, in seconds. */
const SEARCH_SECONDS = 0.001;
/** Frames among which a place to cut is looked for. */
const MOST_FRAMES = 4000;

/** Every so many samples the trackers take one. */
export function searchRatio(sampleRate: number): number {
  return Math.max(1, Math.min(LARGEST_RATIO, Math.round(sampleRate / SEARCH_RATE)));
}

/**
 * Frames from one place to the next at which a piece may begin: a sample lies there that the trackers take, and a step
 * of their search. 0 where there is none within reach.
 * @param hop samples from frame to frame, not always a whole number
 */
export function cuttingStep(sampleRate: number, hop: number): number {
  const ratio = searchRatio(sampleRate);
  for (let frames = 1; frames <= MOST_FRAMES; frames++) {
    const samples = frames * hop;
    if (isWhole(samples / ratio) && isWhole(samples / sampleRate / SEARCH_SECONDS)) return frames;
  }
  return 0;
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6;
}
