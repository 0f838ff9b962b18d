import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { openServer, type Server, type ServerOptions } from "../../src/server/open-server.ts";

const root = join(import.meta.dirname, "../..");

export type LocalServer = Server & {
  /** Calls a path and answers status, headers and the parsed JSON (or the text, if it is none). */
  call(path: string, init?: Omit<RequestInit, "body"> & { body?: unknown }): Promise<Answer>;
};

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> & { text?: string } };

/** A folder that is gone when the tests of the file have ended. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "talkbox-server-"));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server on a free port, with a folder of its own, closed when the tests of the file have ended. */
export async function localServer(
  options: Partial<ServerOptions> & { readonly env?: Record<string, string> } = {},
): Promise<LocalServer> {
  const { env = {}, ...rest } = options;
  const data = env["TALKBOX_DATA"] ?? (await scratchFolder());
  const server = await openServer({
    config: readConfig({ PATH: process.env["PATH"], ...env, TALKBOX_DATA: data }, root),
    log: silentLog(),
    port: 0,
    host: "127.0.0.1",
    version: "test",
    warmsUp: false,
    ...rest,
  });
  let closed: Promise<void> | undefined;
  const close = (drainMs?: number): Promise<void> => (closed ??= server.close(drainMs));
  after(() => close(0));
  return { ...server, close, call: (path, init) => call(server.url + path, init) };
}

/** As `LocalServer.call`, for any URL. */
export async function call(
  url: string,
  { body, ...init }: Omit<RequestInit, "body"> & { body?: unknown } = {},
): Promise<Answer> {
  const sent =
    body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(url, {
    ...init,
    ...(sent === undefined ? {} : { method: init.method ?? "POST", body: sent }),
    headers: { ...(sent === undefined ? {} : { "content-type": "application/json" }), ...init.headers },
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: json ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}
