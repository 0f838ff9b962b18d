import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Fault, RequestKind } from "./faults.ts";
import type { FinalPost } from "./ledger.ts";

/** Answers a request; the body's type is JSON unless said otherwise. */
export type Answer = (status: number, text?: string, type?: string, headers?: Readonly<Record<string, string>>) => void;

/** A request with all that its answer depends on. */
export type Call = {
  readonly kind: RequestKind;
  readonly url: URL;
  readonly worker: string;
  readonly job: string | undefined;
  readonly body: Buffer;
  readonly response: ServerResponse;
  readonly route: string;
  readonly answer: Answer;
};

/** What a request is, by its path; progress and results go to the same place. */
export function kindOf(route: string, body: Buffer): RequestKind | "unknown" {
  if (route === "job-take" || route === "job-take-batch") return "take";
  if (route === "job-stop") return "stop";
  if (route === "job-stream") return "stream";
  if (route === "ping") return "ping";
  if (route !== "job-done") return "unknown";
  return /"status": ?"IN_PROGRESS"/.test(body.subarray(0, 64).toString()) ? "progress" : "done";
}

/** An answer that is lost, or comes in two pieces. */
export function spoilt(fault: Fault, socket: Socket, response: ServerResponse, answer: Answer): Answer {
  if (fault.drop === "after") return () => void socket.destroy();
  const { trickleMs } = fault;
  if (trickleMs === undefined) return answer;
  return (status, text = "", type = "application/json") => {
    if (text === "") return answer(status);
    response.writeHead(status, { "Content-Type": type, "Content-Length": String(Buffer.byteLength(text)) });
    response.flushHeaders();
    setTimeout(() => {
      if (!socket.destroyed) response.end(text);
    }, trickleMs);
  };
}

/** Remembers when the reply to a final post went out whole. */
export function acknowledgeWhenSent(response: ServerResponse, final: FinalPost): void {
  response.on("finish", () => {
    final.acknowledgedAt = performance.now();
  });
}
