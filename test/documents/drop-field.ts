/**
 * Preloaded by `tools/mutate-documents.ts`: drops the field that TALKBOX_DROP_FIELD names (JSON of a `DroppedField`) from
 * the answers, the events of streams and the Socket.IO events of servers of this process. Tests of documented behaviours
 * must notice.
 */
import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Socket } from "socket.io";

/** Which field is dropped where, as `DocumentedAnswer` has it. */
export type DroppedField = {
  readonly route: string;
  readonly event?: Readonly<Record<string, string>>;
  readonly field: string;
};

const given = process.env["TALKBOX_DROP_FIELD"] ?? "";
const drop = given === "" ? undefined : (JSON.parse(given) as DroppedField);

/** The value without what the names lead to, through arrays as if they were not there. */
function without(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, names));
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  const [first, ...rest] = names;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      if (name !== first) return [[name, item]];
      return rest.length === 0 ? [] : [[name, without(item, rest)]];
    }),
  );
}

function dropped(value: unknown, { event = {}, field }: DroppedField): unknown {
  const isMeant = Object.entries(event).every(
    ([name, wanted]) => (value as Record<string, unknown>)?.[name] === wanted,
  );
  return isMeant ? without(value, field.split(".")) : value;
}

function droppedJson(text: string, what: DroppedField): string {
  try {
    return JSON.stringify(dropped(JSON.parse(text), what));
  } catch {
    return text;
  }
}

function droppedEvents(text: string, what: DroppedField): string {
  return text.replace(/^data: (.+)$/gm, (_line, json: string) => `data: ${droppedJson(json, what)}`);
}

/** Whether a request goes to the route whose answers lack the field. */
function isMeant({ method = "", url = "" }: IncomingMessage, { route }: DroppedField): boolean {
  const [wanted, path = ""] = route.split(" ");
  return method === wanted && (path === "*" || url.split("?")[0] === path);
}

type Kind = "json" | "events" | "other";

if (drop) {
  // oxlint-disable-next-line typescript/unbound-method -- called with the response that they belong to
  const { writeHead, write, end } = ServerResponse.prototype;
  const held = new WeakMap<ServerResponse, Buffer[]>();
  const kindOf = (response: ServerResponse): Kind => {
    if (!isMeant(response.req, drop)) return "other";
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
    const sent = kind === "events" ? droppedEvents(text(chunk), drop) : chunk;
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
    const sent = kind === "json" ? droppedJson(whole, drop) : droppedEvents(whole, drop);
    return Reflect.apply(end, this, [sent, ...callbacks]) as ServerResponse;
  } as typeof end;

  // oxlint-disable-next-line typescript/unbound-method -- called with its socket
  const { emit } = Socket.prototype;
  Socket.prototype.emit = function (this: Socket, event: string, ...args: unknown[]) {
    const isMeantEvent = drop.route === `socket ${event}`;
    return emit.call(this, event, ...(isMeantEvent ? args.map((arg) => dropped(arg, drop)) : args));
  } as typeof emit;
}
