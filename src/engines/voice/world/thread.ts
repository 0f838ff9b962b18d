/** Entry of the threads that work on voices: one task after another, none of them kept. */
import { parentPort } from "node:worker_threads";
import type { PoolReply, PoolRequest } from "../../task-pool.ts";
import { findPitch } from "./find-pitch.ts";
import { measureVoice } from "./measure-voice.ts";
import type { VoiceResult, VoiceTask } from "./protocol.ts";
import { renderVoice } from "./render-voice.ts";
import { planForProfile } from "./target.ts";

function perform(task: VoiceTask): VoiceResult<VoiceTask> {
  if (task.kind === "pitch") return findPitch(task);
  if (task.kind === "measure") return measureVoice(task);
  if (task.kind === "plan") return planForProfile(task.source, task.target, task.sampleRate);
  return renderVoice(task);
}

parentPort?.on("message", ({ id, task }: PoolRequest<VoiceTask>) => {
  try {
    const result = perform(task);
    const transfer = ArrayBuffer.isView(result) ? [result.buffer as ArrayBuffer] : [];
    parentPort?.postMessage({ id, result } satisfies PoolReply<unknown>, transfer);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    parentPort?.postMessage({ id, failure } satisfies PoolReply<unknown>, []);
  }
});
