/**
 * Preloaded by `tools/mutate-documents.ts`: drops the field that TALKBOX_DROP_FIELD names from every JSON answer, event of
 * a stream and Socket.IO event that servers of this process send. Tests of documented behaviours must notice.
 */
import { type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Socket } from "socket.io";

const field = process.env["TALKBOX_DROP_FIELD"] ?? "";

/** The value without the field, at any depth. */
function dropped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropped);
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== field)
      .map(([name, item]) => [name, dropped(item)]),
  );
}

function droppedJson(text: string): string {
  try {
    return JSON.stringify(dropped(JSON.parse(text)));
  } catch {
    return text;
  }
}

function droppedEvents(text: string): string {
  return text.replace(/^data: (.+)$/gm, (_line, json: string) => `data: ${droppedJson(json)}`);
}

type Kind = "json" | "events" | "other";

if (field !== "") {
  // oxlint-disable-next-line typescript/unbound-method -- called with the response that they belong to
  const { writeHead, write, end } = ServerResponse.prototype;
  const held = new WeakMap<ServerResponse, Buffer[]>();
  const kindOf = (response: ServerResponse): Kind => {
    const type = String(response.getHeader("content-type") ?? "");
    if (type.includes("application/json")) return "json";
    return type.includes("text/event-stream") ? "events" : "other";
  };
  const text = (chunk: unknown): string =>
    typeof chunk === "string" ? chunk : Buffer.from(chunk as Buffer).toString();

  ServerResponse.prototype.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]) {
    const headers = (rest.find((given) => typeof given === "object") ?? {}) as OutgoingHttpHeaders;
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value);
    // The length is another without the field.
    if (kindOf(this) !== "other") this.removeHeader("content-length");
    return writeHead.call(this, status);
  } as typeof writeHead;

  ServerResponse.prototype.write = function (this: ServerResponse, chunk: unknown, ...rest: unknown[]) {
    const kind = kindOf(this);
    if (kind === "json") {
      held.set(this, [...(held.get(this) ?? []), Buffer.from(text(chunk))]);
      for (const given of rest) if (typeof given === "function") setImmediate(given as () => void);
      return true;
    }
    const sent = kind === "events" ? droppedEvents(text(chunk)) : chunk;
    return Reflect.apply(write, this, [sent, ...rest]) as boolean;
  } as typeof write;

  ServerResponse.prototype.end = function (this: ServerResponse, chunk?: unknown, ...rest: unknown[]) {
    const kind = kindOf(this);
    if (kind === "other") return Reflect.apply(end, this, [chunk, ...rest]) as ServerResponse;
    const last = chunk === undefined || chunk === null || typeof chunk === "function" ? "" : text(chunk);
    const callbacks = [chunk, ...rest].filter((given) => typeof given === "function");
    const whole = Buffer.concat([...(held.get(this) ?? []), Buffer.from(last)]).toString();
    held.delete(this);
    if (!this.headersSent) this.removeHeader("content-length");
    const sent = kind === "json" ? droppedJson(whole) : droppedEvents(whole);
    return Reflect.apply(end, this, [sent, ...callbacks]) as ServerResponse;
  } as typeof end;

  // oxlint-disable-next-line typescript/unbound-method -- called with its socket
  const { emit } = Socket.prototype;
  Socket.prototype.emit = function (this: Socket, event: string, ...args: unknown[]) {
    return emit.call(this, event, ...args.map(dropped));
  } as typeof emit;
}
