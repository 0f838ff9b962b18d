import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { localServer, scratchFolder } from "./local-server.ts";
import { RawConnection } from "./raw-http.ts";

const GIGABYTE = 1024 ** 3;
const MEGABYTE = 1024 ** 2;

/** A route that takes a body, as the server describes it. */
type BodyRoute = { readonly path: string; readonly types: readonly string[] };

/** Every route that takes a body, with its path filled in. */
async function bodyRoutes(url: string): Promise<BodyRoute[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, { post?: { requestBody?: { content: Record<string, unknown> } } }>;
  };
  const routes = Object.entries(paths).flatMap(([path, { post }]) =>
    post?.requestBody ? [{ path: path.replace(/\{\w+\}/g, "name"), types: Object.keys(post.requestBody.content) }] : [],
  );
  return [...routes, ...["/", "/run", "/runsync"].map((path) => ({ path, types: ["application/json"] }))];
}

function head(path: string, type: string, length: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`;
}

describe("clients that send slowly", () => {
  const patience = { headMs: 400, requestMs: 800, lookMs: 50 };

  it("a head that trickles in is cut off with 408, on every port, while others are served", async () => {
    const server = await localServer({ patience, morePorts: [0] });
    for (const url of [server.url, ...server.moreUrls]) {
      const slow = await RawConnection.open(url);
      const letters = `GET /ping HTTP/1.1\r\nhost: localhost\r\nx-slow: ${"a".repeat(10_000)}`;
      let at = 0;
      const drip = setInterval(() => slow.send(letters[at++] ?? "a"), 20);
      assert.equal((await server.call("/api/v2/status")).status, 200);
      await slow.closed();
      clearInterval(drip);
      assert.equal(slow.status, 408, url);
      assert.ok(at < letters.length, "cut off before it ended");
    }
  });

  it("a body that trickles in is cut off, and makes no job", async () => {
    const server = await localServer({ patience });
    for (const path of ["/run", "/api/v2/lipsync", "/upload-voice"]) {
      const slow = await RawConnection.open(server.url);
      const type = path === "/upload-voice" ? "multipart/form-data; boundary=b" : "application/json";
      slow.send(head(path, type, "content-length: 100000"));
      const drip = setInterval(() => slow.send(" "), 20);
      await slow.closed();
      clearInterval(drip);
      assert.ok([0, 408].includes(slow.status), `${path}: ${slow.read}`);
    }
    assert.deepEqual(server.jobs.latest(10), []);
  });

  it("a connection that never says anything is closed", async () => {
    const server = await localServer({ patience });
    const silent = await RawConnection.open(server.url);
    await silent.closed();
  });
});

describe("a gigabyte for every route that takes a body", () => {
  let child: ChildProcess;
  let url = "";

  after(() => child.kill("SIGKILL"));

  /** Most memory that the server has had so far, in bytes. */
  const peak = async (): Promise<number> => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  };

  it("is refused with 413 before it is sent, where its length is told", async () => {
    child = spawn(process.execPath, [join(import.meta.dirname, "serve-child.ts")], {
      env: { ...process.env, TALKBOX_DATA: await scratchFolder() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer];
    url = String(line).trim();
    const routes = await bodyRoutes(url);
    assert.ok(routes.length > 20, `${routes.length} routes take bodies`);
    const before = await peak();
    for (const { path, types } of routes) {
      for (const type of types) {
        const connection = await RawConnection.open(url);
        connection.send(head(path, withBoundary(type), `content-length: ${GIGABYTE}`));
        const sent = await connection.pour(GIGABYTE);
        assert.equal(await connection.answered(), 413, `${path} ${type}: ${connection.read}`);
        assert.ok(sent < 64 * MEGABYTE, `${path} took ${sent} bytes`);
        connection.close();
      }
    }
    const grown = (await peak()) - before;
    assert.ok(grown < 160 * MEGABYTE, `memory grew by ${grown} bytes`);
  });

  it("is cut off where its sender goes on after the answer", async () => {
    const connection = await RawConnection.open(url);
    connection.send(head("/run", "application/json", `content-length: ${GIGABYTE}`));
    const sent = await connection.pour(GIGABYTE, { stubborn: true });
    await connection.closed();
    assert.equal(connection.status, 413);
    assert.ok(sent < 100 * MEGABYTE, `${sent} bytes were taken`);
  });

  it("is refused where its length is not told, as soon as it is more than the route takes", async () => {
    const before = await peak();
    for (const { path, types } of await bodyRoutes(url)) {
      // Those for a page of this machine and for recordings take more, and are read so far.
      const most = /^\/api\/jobs$|clone|upload/.test(path) ? 260 * MEGABYTE : 64 * MEGABYTE;
      for (const type of types) {
        const connection = await RawConnection.open(url);
        connection.send(head(path, withBoundary(type), "transfer-encoding: chunked"));
        const start = startOf(type);
        connection.send(`${start.length.toString(16)}\r\n${start}\r\n`);
        const sent = await connection.pour(GIGABYTE, { chunked: true });
        assert.equal(await connection.answered(), 413, `${path} ${type}: ${connection.read}`);
        assert.ok(sent < most, `${path} took ${sent} bytes`);
        connection.close();
      }
    }
    const grown = (await peak()) - before;
    assert.ok(grown < 600 * MEGABYTE, `memory grew by ${grown} bytes`);
    assert.equal((await fetch(`${url}/ping`)).ok, true);
  });
});

function withBoundary(type: string): string {
  return type === "multipart/form-data" ? `${type}; boundary=b` : type;
}

/** The beginning of a body whose field never ends. */
function startOf(type: string): string {
  if (type === "multipart/form-data") return '--b\r\ncontent-disposition: form-data; name="text"\r\n\r\n';
  return type === "application/json" ? '{"text":"' : "text=";
}
