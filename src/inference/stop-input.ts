/**
 * Places where a run of a network that has begun can be stopped. ONNX Runtime lets JavaScript ask that only before a run
 * begins. So a graph passes values on through `Reshape` here and there, and the shape is an input of the graph that lies in
 * memory which the one who asked for the run shares: zeros leave a value as it is, which costs nothing, and of several −1
 * no shape can be made, so that the run fails at the next such place.
 */

const NAME = /^stop\/(\d)$/;

/** What these inputs hold while a run is to go on, and when it is to stop. */
export const GO_ON = 0n;
export const STOP = -1n;

/** Most dimensions of a value at such a place. */
export const STOP_RANK = 4;

/** The name of the input for values of so many dimensions: [rank] int64. */
export function stopInput(rank: number): string {
  if (rank < 2 || rank > STOP_RANK) throw new Error(`no run stops at a value of ${rank} dimensions`);
  return `stop/${rank}`;
}

/**
 * The input for values of any number of dimensions, in graphs that do not say how many: [1] int64, added to the sides that
 * the value has, which leaves them as they are, or makes them sides of fewer elements than there are.
 */
export const STOP_SIDES = "stop/1";

/** How many numbers an input holds at which a run can be stopped; undefined for every other input. */
export function stopRank(input: string): number | undefined {
  const rank = NAME.exec(input)?.[1];
  return rank === undefined ? undefined : Number(rank);
}
