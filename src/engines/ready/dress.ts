import type { Network } from "../../inference/session.ts";

/** Has a network whose graph others made run as the one that is made here of a checkpoint. */
export type Dress = (network: Network) => Network;

/** A network whose runs are another one's: what goes in and what comes out are given other names and sides. */
export function runAs(
  network: Network,
  run: Network["run"],
  inputs: readonly string[],
  outputs: readonly string[],
): Network {
  const { provider, refusals } = network;
  return { provider, refusals, inputs, outputs, run };
}
