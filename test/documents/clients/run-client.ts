/**
 * Runs the documents' example clients as they stand. Their hosts (`localhost:5000`, `localhost:8000`) lead to the test's
 * server by way of a proxy, which curl, Python and Chromium take from their settings.
 */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, request as forward } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { after } from "node:test";
import type { Page } from "playwright-core";
import { openBrowser, PATIENCE } from "../../studio/browser.ts";
import { scratchFolder } from "../../server/local-server.ts";

const root = join(import.meta.dirname, "../../..");

/** Where Python and what the documents' clients import are put; `tools/test.ts` says how. */
const OWN_PYTHON = join(root, "node_modules/.cache/clients/bin/python");

/** The Python that there is for clients. */
export const PYTHON = [OWN_PYTHON, "python3"].find(
  (python) => spawnSync(python, ["-c", "import requests, openai"]).status === 0,
);

/** Say why clients are left out; `false` where they are not. */
export const withoutShell = ["bash", "curl", "jq"].every((name) => spawnSync(name, ["--version"]).status === 0)
  ? false
  : "bash, curl and jq are not all here";
export const withoutPython = PYTHON === undefined ? "there is no Python with requests and openai here" : false;

export type Ran = {
  readonly stdout: string;
  readonly stderr: string;
  /** Where it ran, and left its files. */
  readonly folder: string;
};

/** How the documents' placeholders are filled in, and what a client finds where it runs. */
export type Surroundings = {
  readonly placeholders?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
};

export type Clients = {
  /** Runs an example for the command line. */
  shell(name: string, surroundings?: Surroundings): Promise<Ran>;
  /**
   * Runs Python examples, one after the other in one interpreter.
   * @param surroundings `before` is Python that they build on, `after` looks at what they leave in its variables
   */
  python(
    names: readonly string[],
    surroundings?: Surroundings & { readonly before?: string; readonly after?: string },
  ): Promise<Ran>;
  /**
   * Runs an example as a module of a page of the documents' origin, with a `video` in it, and answers the page and the
   * lines that it logged.
   * @param before what the example calls and does not bring along
   */
  browser(
    name: string,
    before: string,
    onPage?: (page: Page) => Promise<void>,
  ): Promise<{ page: Page; lines: string[] }>;
};

/** @param url the server that the documents' hosts lead to; everything is gone when the tests of the file have ended */
export async function clientsOf(url: string): Promise<Clients> {
  const proxy = await proxyTo(url);
  const env = {
    PATH: process.env["PATH"],
    HOME: await scratchFolder(),
    LANG: "C.UTF-8",
    PYTHONIOENCODING: "utf-8",
    http_proxy: proxy,
    HTTP_PROXY: proxy,
    no_proxy: "",
  };
  const run = async (program: string, args: readonly string[], given: Surroundings): Promise<Ran> => {
    const folder = await scratchFolder();
    for (const [name, bytes] of Object.entries(given.files ?? {})) await writeFile(join(folder, name), bytes);
    const options = { cwd: folder, env: { ...env, ...given.env }, timeout: PATIENCE, maxBuffer: 1 << 28 };
    return new Promise((resolve, reject) => {
      execFile(program, args, options, (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stdout}`, { cause: error }));
        else resolve({ stdout, stderr, folder });
      });
    });
  };
  return {
    shell: (name, given = {}) => run("bash", ["-c", filledIn(name, given)], given),
    python: (names, given = {}) => {
      const code = [given.before ?? "", ...names.map((name) => filledIn(name, given)), given.after ?? ""].join("\n");
      return run(PYTHON ?? "python3", ["-u", "-c", code], given);
    },
    browser: async (name, before, onPage) => {
      const browser = await openBrowser();
      const context = await browser.newContext({ proxy: { server: proxy, bypass: "<-loopback>" } });
      const page = await context.newPage();
      const lines: string[] = [];
      page.on("console", (message) => lines.push(message.text()));
      await page.route("http://localhost:5000/client.html", (route) =>
        route.fulfill({
          contentType: "text/html; charset=utf-8",
          body: `<!doctype html><title>client</title><video muted></video><script>${before}</script>`,
        }),
      );
      await page.route("http://localhost:5000/client.js", (route) =>
        route.fulfill({ contentType: "text/javascript; charset=utf-8", body: filledIn(name, {}) }),
      );
      await onPage?.(page);
      await page.goto("http://localhost:5000/client.html");
      await page.evaluate('import("/client.js").then(() => undefined)');
      return { page, lines };
    },
  };
}

/** What is read in a page of the video that a client put there: seconds, once they are known. */
export async function videoSeconds(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const video = document.querySelector("video");
    const know = () => resolve(video.duration);
    if (video.readyState >= 1) know();
    video.addEventListener("loadedmetadata", know);
    video.addEventListener("error", () => reject(new Error(video.error.message)));
  })`);
}

/** A committed example without the line that says where it comes from. */
function filledIn(name: string, { placeholders = {} }: Surroundings): string {
  const [, ...lines] = readFileSync(join(import.meta.dirname, name), "utf8").split("\n");
  return Object.entries(placeholders).reduce((code, [from, to]) => code.replaceAll(from, to), lines.join("\n"));
}

/** A proxy on a free port, by which `localhost` leads to a server, and this machine's numbers to themselves. */
async function proxyTo(url: string): Promise<string> {
  const sockets = new Set<Socket>();
  const target = (host: string): URL => (host.startsWith("127.0.0.1") ? new URL(`http://${host}`) : new URL(url));
  const proxy = createServer((request, response) => {
    const { host, pathname, search } = new URL(request.url ?? "", "http://nowhere");
    const { hostname, port } = target(host);
    const options = { hostname, port, method: request.method, path: pathname + search, headers: request.headers };
    const onward = forward(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      // As it comes: a client waits for the first event of a stream.
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.once("error", () => response.destroy());
    response.once("close", () => onward.destroy());
    request.pipe(onward);
  });
  proxy.on("connect", (request, socket: Socket) => {
    const { hostname, port } = target(request.url ?? "");
    const onward = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket);
      socket.pipe(onward);
    });
    sockets.add(onward);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  proxy.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
