import { SAME_STOP_MS } from "../limits/server.ts";

/** What a command runs under that a person or a supervisor may stop. */
export type StopSignals = Disposable & {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
};

/**
 * Listens for SIGINT and SIGTERM until it is disposed of: the first asks the command to stop, one more ends the process at
 * once. Those that come with the first are the same wish: a Ctrl-C reaches the launcher of an older Node and the process
 * that it started, to which it hands the signal on; supervisors that signal a whole group do the same.
 * @param onStop told of the first
 */
export function stopSignals(onStop: () => void = () => {}): StopSignals {
  const stop = new AbortController();
  let first: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      onStop();
      stop.abort();
    } else if (now - first > SAME_STOP_MS) process.exit(name === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  };
}
