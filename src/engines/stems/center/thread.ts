/** Entry of the threads that look for voices. */
import { parentPort } from "node:worker_threads";
import type { PoolReply, PoolRequest } from "../../task-pool.ts";
import type { StereoPassage } from "../stem-separator.ts";
import { find, type Sought } from "./separate-window.ts";

/** A stretch of sound, and what is sought in it. */
export type CenterTask = { readonly sought: Sought; readonly sound: StereoPassage };

parentPort?.on("message", ({ id, task }: PoolRequest<CenterTask>) => {
  try {
    const result = find(task.sought, task.sound);
    const transfer = result.map(({ buffer }) => buffer);
    parentPort?.postMessage({ id, result } satisfies PoolReply<StereoPassage>, transfer);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    parentPort?.postMessage({ id, failure } satisfies PoolReply<unknown>, []);
  }
});
