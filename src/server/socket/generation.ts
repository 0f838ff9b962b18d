import type { Socket } from "socket.io";
import { AppError, toAppError } from "../../errors.ts";
import type { JobEvent } from "../../events.ts";
import { MAX_JOBS_OF_A_SOCKET } from "../../limits/server.ts";
import { settleLifetime } from "../avatar/lifetime.ts";
import { LIPSYNC_MISSING, lipsyncFields, lipsyncJob } from "../avatar/lipsync-fields.ts";
import { avatarError, videoOf } from "../avatar/lipsync-routes.ts";
import { tellQueue } from "../avatar/stream-job.ts";
import type { RouteParts } from "../route-parts.ts";
import { readLegacyFields } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import { startRouteJob } from "../route-job.ts";

/** Part of the work that the speech is, where progress is told as one number. */
const SPEECH_SHARE = 0.2;

/** Serves one client: `generate` and `cancel` in; progress, places in the queue, results and errors out. */
export function serveSocket(socket: Socket, parts: RouteParts): void {
  const gone = new AbortController();
  const own = new Set<string>();
  // Counts those that are being looked at, too.
  let atHand = 0;
  socket.on("disconnect", () => gone.abort());

  socket.on("generate", (payload: unknown) => {
    atHand++;
    void generate(payload)
      .catch((error: unknown) => {
        if (gone.signal.aborted) return;
        const failure = avatarError(toAppError(error));
        if (failure.code === "internal") parts.log.error({ err: failure.cause ?? error }, "generate failed");
        socket.emit("error", { error: failure.message });
      })
      .finally(() => atHand--);
  });

  socket.on("cancel", (...args: unknown[]) => {
    for (const id of own) parts.jobs.cancel(id);
    const answer = args.at(-1);
    if (typeof answer === "function") (answer as (status: object) => void)({ status: "cancelled" });
  });

  async function generate(payload: unknown): Promise<void> {
    if (atHand > MAX_JOBS_OF_A_SOCKET) {
      throw new AppError("queue_full", MESSAGES.avatar.tooManyJobs(MAX_JOBS_OF_A_SOCKET));
    }
    const log = parts.log.child({ route: "socket.io generate" });
    const { sid: _sid, ...fields } = readLegacyFields(payload ?? {}, lipsyncFields, { log, missing: LIPSYNC_MISSING });
    const owner = { sid: socket.id, address: socket.handshake.address };
    const job = await startRouteJob(parts, await lipsyncJob(fields, parts), { signal: gone.signal, owner });
    own.add(job.id);
    try {
      const waiting = tellQueue(job.id, parts, gone.signal, async (place) => {
        socket.emit("queue_position", place);
      });
      const progress = new Progress((step) => socket.emit("progress", step));
      for await (const { event } of job.events) progress.take(event);
      await waiting;
      const result = await job.result();
      await settleLifetime(result, parts);
      progress.finish();
      const { video_url } = videoOf(result, parts);
      socket.emit("generation_complete", { video_url, elapsed: result["elapsed"], request_id: job.id });
    } finally {
      own.delete(job.id);
    }
  }
}

/** Makes one number of 0 to 100 of a job's events, which never falls. */
class Progress {
  readonly #tell: (step: { readonly progress: number; readonly message: string }) => void;
  readonly #stages = { tts: 0, lipsync: 0 };
  #message = "";
  #told = -1;

  constructor(tell: (step: { readonly progress: number; readonly message: string }) => void) {
    this.#tell = tell;
  }

  take(event: JobEvent): void {
    if (event.type === "progress" && (event.stage === "tts" || event.stage === "lipsync")) {
      this.#stages[event.stage] = Math.max(this.#stages[event.stage], event.stage_progress);
      const { tts, lipsync } = this.#stages;
      const share = SPEECH_SHARE * tts + (1 - SPEECH_SHARE) * lipsync;
      this.#step(Math.min(99, Math.floor(share * 100)), lipsync > 0 ? MESSAGES.avatar.processing : this.#message);
    } else if (event.type === "status") {
      const { stage } = event;
      if (stage === "tts") this.#step(Math.max(0, this.#told), MESSAGES.avatar.ttsStarted);
      if (stage === "tts_done") this.#step(Math.max(0, this.#told), MESSAGES.avatar.ttsDone);
      if (stage === "lipsync") this.#step(Math.max(0, this.#told), MESSAGES.avatar.lipsyncStarted);
    }
  }

  finish(): void {
    this.#step(100, MESSAGES.avatar.done);
  }

  #step(progress: number, message: string): void {
    if (progress <= this.#told && message === this.#message) return;
    this.#told = Math.max(this.#told, progress);
    this.#message = message;
    this.#tell({ progress: this.#told, message });
  }
}
