import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Fault, FaultPlan, type RequestKind } from "./faults.ts";
import { Ledger, type SeenRequest, type SimulatedJob } from "./ledger.ts";
import { LongPolls } from "./long-polls.ts";
import { acknowledgeWhenSent, type Answer, type Call, kindOf, spoilt } from "./wire.ts";

export type SimulatorOptions = {
  /** How long a poll without an answer is held open, in milliseconds; default 20 s. */
  readonly holdMs?: number;
  /** After this time without a heartbeat that names it, a job goes to another worker. Default: never. */
  readonly leaseMs?: number;
  /** Faults besides those that are planned. */
  readonly faults?: (kind: RequestKind) => Fault | undefined;
  /** Speaks TLS with this key and certificate, both PEM, under the name `localhost`. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Called when a job has come to its end. */
  readonly onEnd?: (job: SimulatedJob) => void;
  /** Whether every request is kept; default true. */
  readonly record?: boolean;
};

const KEY = "simulated-key";
const HOLD_MS = 20_000;

/**
 * The platform's side of the worker protocol, on a local port: queue, take, batch take, stop, done, stream and ping, with
 * faults on demand. It records what workers send.
 */
export class Simulator implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly requests: SeenRequest[] = [];
  readonly faults = new FaultPlan();
  readonly #options: SimulatorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that lead nowhere any more. */
  readonly #dead = new WeakSet<Socket>();
  readonly #polls: LongPolls;
  readonly #watchers = new Set<() => void>();
  #lease: NodeJS.Timeout | undefined;

  private constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#polls = new LongPolls(this.ledger, options.holdMs ?? HOLD_MS);
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server = options.tls ? createSecureServer(options.tls, serve) : createServer(serve);
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on(options.tls ? "secureConnection" : "connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = new Simulator(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    simulator.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    const { leaseMs } = options;
    if (leaseMs !== undefined) {
      simulator.#lease = setInterval(() => {
        if (simulator.ledger.expire(leaseMs, performance.now())) simulator.#deal();
      }, leaseMs / 4).unref();
    }
    return simulator;
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return this.#options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  }

  /** The variables that the platform sets in a worker's container. */
  environment(worker: string = randomUUID(), query = "?gpu=Simulated+GPU"): Record<string, string> {
    const base = `${this.origin}/v2/simulated`;
    return {
      RUNPOD_WEBHOOK_GET_JOB: `${base}/job-take/$ID${query}`,
      RUNPOD_WEBHOOK_POST_OUTPUT: `${base}/job-done/$RUNPOD_POD_ID/$ID${query}`,
      RUNPOD_WEBHOOK_POST_STREAM: `${base}/job-stream/$RUNPOD_POD_ID/$ID${query}`,
      RUNPOD_WEBHOOK_PING: `${base}/ping/$RUNPOD_POD_ID`,
      RUNPOD_PING_INTERVAL: "1000",
      RUNPOD_AI_API_KEY: KEY,
      RUNPOD_POD_ID: worker,
      RUNPOD_ENDPOINT_ID: "simulated",
    };
  }

  /** Queues a job; other fields of its payload may be given as well. */
  submit(input: unknown, extra: Readonly<Record<string, unknown>> = {}): SimulatedJob {
    const job = this.ledger.add({ id: `${randomUUID()}-u1`, input, ...extra });
    this.#deal();
    return job;
  }

  /** Queues a payload as it is, whatever it may be; it is found under its id if it has one. */
  submitPayload(payload: Readonly<Record<string, unknown>>): SimulatedJob {
    const job = this.ledger.add(payload);
    this.#deal();
    return job;
  }

  /** Hands a job that is being worked on out once more, as a platform does that has lost sight of it. */
  redeliver(id: string): void {
    this.ledger.requeue(this.job(id));
    this.#deal();
  }

  job(id: string): SimulatedJob {
    const job = this.ledger.jobs.get(id);
    if (!job) throw new Error(`There is no job ${id}.`);
    return job;
  }

  /** Cancels a job, and tells its worker. */
  stop(id: string): void {
    const job = this.job(id);
    const { worker, state } = job;
    this.ledger.cancel(job);
    if (state === "IN_PROGRESS" && worker !== undefined) {
      this.#polls.stop(worker, id);
    }
    this.#notify();
  }

  /** From now on nothing that is sent on present connections arrives, in either direction; new ones work. */
  loseConnections(): void {
    for (const socket of this.#sockets) this.#dead.add(socket);
    this.#polls.forget();
  }

  /** Waits until a condition holds, looked at whenever something happens. @throws Error after `ms` */
  async until(what: string, condition: () => boolean, ms: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (condition()) resolve();
    };
    const timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain: ${what}.`)), ms);
    this.#watchers.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  seen(kind: RequestKind): SeenRequest[] {
    return this.requests.filter((request) => request.kind === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#lease);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const { socket } = request;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    if (this.#dead.has(socket)) return;
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", this.origin);
    const [, , , route = "", worker = "", job] = url.pathname.split("/");
    const kind = kindOf(route, body);
    const seen: SeenRequest = {
      at,
      kind,
      method: request.method ?? "",
      url,
      worker,
      job,
      headers: request.headers,
      bytes: body.length,
      status: 0,
    };
    if (this.#options.record !== false) this.requests.push(seen);
    response.on("finish", () => this.#notify());
    const answer: Answer = (status, text = "", type = "application/json", headers = {}) => {
      if (this.#dead.has(socket) || socket.destroyed) return;
      seen.status = status;
      response.writeHead(status, { ...headers, ...(text === "" ? {} : { "Content-Type": type }) }).end(text);
    };
    if (kind === "unknown") return answer(404);
    if (request.headers.authorization !== KEY) return answer(401);
    const fault = this.faults.meet(kind, job) ?? this.#options.faults?.(kind);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.drop === "before") return void socket.destroy();
    if (fault?.status !== undefined) return answer(fault.status, fault.body, fault.contentType, fault.headers);
    const reply = fault ? spoilt(fault, socket, response, answer) : answer;
    this.#handle({ kind, url, worker, job, body, response, route, answer: reply });
    this.#notify();
  }

  #handle(call: Call): void {
    const { kind, worker, body, answer, url } = call;
    if (kind === "take") return this.#polls.holdTake(call);
    if (kind === "stop") return this.#polls.holdStop(call);
    if (kind === "ping") {
      const now = performance.now();
      for (const id of (url.searchParams.get("job_id") ?? "").split(",")) {
        const job = this.ledger.jobs.get(id);
        if (job && job.worker === worker) job.seenAt = now;
      }
      return answer(200, "{}");
    }
    const job = this.ledger.jobs.get(call.job ?? "");
    if (!job) return answer(404);
    if (kind === "stream") return answer(this.ledger.part(job, body));
    const [status, final] = this.ledger.post(job, worker, body, url.searchParams.get("isStream"), performance.now());
    if (final) acknowledgeWhenSent(call.response, final);
    answer(status);
    if (final && job.finals.length === 1) this.#options.onEnd?.(job);
  }

  #deal(): void {
    this.#polls.deal();
    this.#notify();
  }

  #notify(): void {
    for (const look of this.#watchers) look();
  }
}
