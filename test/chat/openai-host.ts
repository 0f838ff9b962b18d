import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { after } from "node:test";

/** One thing that a host does of a reply. */
export type HostStep =
  | { readonly say: string }
  | { readonly think: string }
  /** Bytes as they are: a broken event, for one. */
  | { readonly raw: string }
  /** Nothing, until the client goes away. */
  | "stall"
  /** The connection is cut. */
  | "cut"
  /** What ends a reply: a chunk with a reason to finish, one with the usage, and `[DONE]`. */
  | "finish";

/** How a host takes one request: an error with its status, or the steps of a stream. */
export type HostReply =
  | { readonly status: number; readonly error: Record<string, unknown> }
  | { readonly steps: readonly HostStep[] };

/** A request as it came. */
export type HostRequest = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown> & { messages?: { role: string; content: string }[] };
};

/** A reply that says a text in pieces, as a tokenizer cuts it. */
export function saying(text: string): HostReply {
  const pieces = text.match(/.{1,3}/gsu) ?? [];
  return { steps: [...pieces.map((say) => ({ say })), "finish"] };
}

/** A server on this machine that speaks OpenAI's chat completions: streams, errors, and the ways in which both go wrong. */
export class OpenAiHost {
  readonly requests: HostRequest[] = [];
  /** Replies in order; the last one is given again and again. */
  replies: HostReply[];
  /** Streams that a client left before they ended. */
  left = 0;
  /** Answers `GET /models`; else 404, as hosts do that route nothing but chat. */
  listsModels = true;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new Set<Socket>();

  constructor(...replies: HostReply[]) {
    this.replies = replies;
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    after(() => this.close());
  }

  /** Listens on a free port, unless it does already; the base of its API. */
  async listen(): Promise<string> {
    if (!this.#server.listening) await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const path = request.url ?? "";
    if (request.method === "GET" && path.startsWith("/v1/models")) return this.#models(response);
    if (request.method !== "POST" || !path.startsWith("/v1/chat/completions")) {
      return sendJson(response, 404, { error: { message: "Not Found" } });
    }
    const body = JSON.parse(Buffer.concat(chunks).toString()) as HostRequest["body"];
    this.requests.push({ path, authorization: request.headers.authorization, body });
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    if (!reply) return sendJson(response, 500, { error: { message: "no reply was set" } });
    if ("status" in reply) return sendJson(response, reply.status, { error: reply.error });
    if (body["stream"] === true) return this.#stream(response, reply.steps, String(body["model"]));
    const content = reply.steps.map((step) => (typeof step === "object" && "say" in step ? step.say : "")).join("");
    const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }];
    const model = String(body["model"]);
    sendJson(response, 200, { id: "chatcmpl-1", object: "chat.completion", created: 1, model, choices });
  }

  #models(response: ServerResponse): void {
    const data = [{ id: "test-model", object: "model", created: 0, owned_by: "test" }];
    if (this.listsModels) sendJson(response, 200, { object: "list", data });
    else sendJson(response, 404, { detail: "Not Found" });
  }

  async #stream(response: ServerResponse, steps: readonly HostStep[], model: string): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    const base = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model };
    const send = (choice: object): void => {
      response.write(
        `data: ${JSON.stringify({ ...base, choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`,
      );
    };
    send({ delta: { role: "assistant", content: "" } });
    for (const step of steps) {
      if (step === "stall") {
        await new Promise<void>((resolve) => response.once("close", resolve));
        this.left += 1;
        return;
      }
      if (step === "cut") {
        // After what was written is out, or the client would see nothing of it.
        response.write("", () => setImmediate(() => response.socket?.destroy()));
        return;
      }
      if (step === "finish") {
        send({ delta: {}, finish_reason: "stop" });
        response.write(`data: ${JSON.stringify({ ...base, choices: [], usage: { total_tokens: 1 } })}\n\n`);
        response.end("data: [DONE]\n\n");
        return;
      }
      if ("say" in step) send({ delta: { content: step.say } });
      else if ("think" in step) send({ delta: { reasoning_content: step.think } });
      else response.write(step.raw);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
