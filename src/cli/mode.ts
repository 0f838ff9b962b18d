import type { Config } from "../config.ts";

/** What `talkbox` does when it is not told: as in a container's entry. */
export type Mode = "worker" | "serve" | "run";

/** The mode that is set, else a queue's worker where there is a queue, else a server where there is a port. */
export function chooseMode({ mode, runpodQueue, port }: Pick<Config, "mode" | "runpodQueue" | "port">): Mode {
  if (mode !== "auto") return mode;
  if (runpodQueue) return "worker";
  return port === 0 ? "run" : "serve";
}
