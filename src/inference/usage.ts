/** What inference holds in memory at the moment, and what it has done since the process began. */
export type InferenceUsage = {
  /** Networks that are open. */
  sessions: number;
  /** Bytes of their files; what a runtime needs besides is not in it. */
  modelBytes: number;
  runs: number;
  /** Milliseconds that runs took, waits in line not counted. */
  runMs: number;
};

/** Of all threads of this process. Only this folder writes it. */
export const inferenceUsage: InferenceUsage = { sessions: 0, modelBytes: 0, runs: 0, runMs: 0 };
