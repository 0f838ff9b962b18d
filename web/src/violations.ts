import type { Violation } from "./api.ts";
import type { JobState } from "./use-job.ts";

/** What the server found wrong with the fields of a form. */
export function violationsOf(state: JobState): readonly Violation[] {
  return state.step === "failed" ? state.error.violations : [];
}
