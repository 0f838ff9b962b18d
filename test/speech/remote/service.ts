/** Local servers that speak the protocols of speech services, with the faults that such services have. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** What goes wrong with one request. */
export type Fault =
  /** An answer with this status and body. */
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** No head of an answer, ever; a head and some sound, and then nothing; some sound, and the connection is gone. */
  | "silent"
  | "stall"
  | "cut"
  /** Status 200 with a page, and with nothing. */
  | "page"
  | "empty"
  /** The sound of a sentence is silence. */
  | "hush";

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

export type TestService = {
  readonly url: string;
  /** Every request that came, the oldest first. */
  readonly received: Received[];
  /** What goes wrong with the next requests for speech, in order. */
  readonly faults: Fault[];
  /** Requests for speech under way now, and the most there were. */
  readonly load: { now: number; most: number };
  /** Connections that the client broke. */
  readonly left: { count: number };
};

type Speak = (request: Received, response: ServerResponse, fault: Fault | undefined) => Promise<void> | void;

/** A server on a free port, closed when the tests of the file have ended. `speak` answers POSTs, and GETs besides `others`. */
export async function testService(
  speak: Speak,
  others: (request: Received, response: ServerResponse) => boolean = () => false,
): Promise<TestService> {
  const received: Received[] = [];
  const faults: Fault[] = [];
  const load = { now: 0, most: 0 };
  const left = { count: 0 };
  const server = createServer((incoming, response) => void answer(incoming, response));
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://service");
    const request: Received = {
      method: incoming.method ?? "",
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: Buffer.concat(pieces),
    };
    received.push(request);
    if (others(request, response)) return;
    load.now++;
    load.most = Math.max(load.most, load.now);
    response.once("close", () => {
      load.now--;
      if (!response.writableFinished) left.count++;
    });
    const fault = faults.shift();
    if (typeof fault === "object") {
      json(response, fault.status, fault.body, fault.headers);
      return;
    }
    if (fault === "silent") return;
    if (fault === "page") {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>It works!</html>");
      return;
    }
    await speak(request, response, fault);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, faults, load, left };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const isText = typeof body === "string";
  response
    .writeHead(status, { "content-type": isText ? "text/plain" : "application/json", ...headers })
    .end(isText ? body : JSON.stringify(body));
}

/** Pitch of the sound of a text, in Hz: another one for another text. */
export function pitchOf(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) as number)) % 9_973;
  return 200 + (sum % 400);
}

/** Sound for a text: 60 ms of a tone for each character, at a pitch of its own. */
export function samplesOf(text: string, sampleRate: number, rate = 1): Float32Array {
  const hz = pitchOf(text);
  const length = Math.round((Array.from(text).length * 0.06 * sampleRate) / rate);
  return Float32Array.from({ length }, (_, n) => 0.3 * Math.sin((2 * Math.PI * hz * n) / sampleRate));
}

export function pcmOf(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  for (const [n, value] of samples.entries()) bytes.writeInt16LE(Math.round(value * 32_767), 2 * n);
  return bytes;
}

/** Lengths of the pieces that sound is sent in: odd ones, so that pieces part in the middle of samples. */
const PIECES = [1, 3, 7, 1, 333, 4_097, 20_001];

/** Sends sound in pieces, or less than all of it. */
export async function sendPieces(response: ServerResponse, bytes: Buffer, fault: Fault | undefined): Promise<void> {
  if (fault === "empty") {
    response.end();
    return;
  }
  const sent = fault === "hush" ? Buffer.alloc(bytes.length) : bytes;
  const most = fault === "stall" || fault === "cut" ? sent.length >> 1 : sent.length;
  for (let at = 0, piece = 0; at < most && !response.destroyed; piece++) {
    const end = Math.min(most, at + (PIECES[Math.min(piece, PIECES.length - 1)] as number));
    response.write(sent.subarray(at, end));
    at = end;
    // Each in a packet of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (fault === "stall") return;
  if (fault === "cut") response.destroy();
  else response.end();
}
