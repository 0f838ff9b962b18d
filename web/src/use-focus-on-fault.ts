import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { JobState } from "./use-job.ts";

/** Leads to the first field that has a fault when a job was refused for one. @returns the form's ref */
export function useFocusOnFault(state: JobState): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (state.step !== "failed" || state.error.violations.length === 0) return;
    const field = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.closest("details")?.setAttribute("open", "");
    field?.focus();
  }, [state]);
  return form;
}
