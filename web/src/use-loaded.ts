import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

/** Something that is fetched: neither is set while it is under way for the first time. */
export type Loaded<T> = {
  readonly value?: T;
  readonly error?: ApiError;
  readonly reload: () => Promise<void>;
};

/** Fetches when the component appears, and again on `reload`. */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: ApiError }>({});
  const reload = useCallback(async () => {
    try {
      setState({ value: await load() });
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError("internal", String(error));
      setState((before) => ({ ...before, error: known }));
    }
  }, []);
  useEffect(() => void reload(), [reload]);
  return { ...state, reload };
}
