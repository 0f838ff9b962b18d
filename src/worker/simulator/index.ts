/** A stand-in for the platform: queue and worker protocol on a local port, with faults on demand. */
export { type Fault, type RequestKind, randomFaults, seededRandom } from "./faults.ts";
export { type FinalPost, isFinal, type JobState, PAYLOAD, type SeenRequest, type SimulatedJob } from "./ledger.ts";
export { Simulator, type SimulatorOptions } from "./simulator.ts";
