import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer as createTcpServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError } from "../../src/errors.ts";
import { guardedFetch, guardedRead } from "../../src/net/guarded-fetch.ts";
import type { HostAddress, Resolver } from "../../src/net/pinned-host.ts";
import { isPublicAddress } from "../../src/net/public-address.ts";
import { TempDir } from "../../src/media/temp.ts";
import { serve } from "./servers.ts";

const limits = { maxBytes: 1000, timeoutMs: 2000 };
const local = { ...limits, allowPrivate: true };

/** Answers each name with addresses, one list per time it is asked. */
function resolving(...answers: readonly string[][]): Resolver & { asked: string[] } {
  const asked: string[] = [];
  const resolver = async (name: string): Promise<readonly HostAddress[]> => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] as string[];
    asked.push(name);
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
  return Object.assign(resolver, { asked });
}

describe("isPublicAddress", () => {
  it("refuses every range that is not the public internet", () => {
    const refused = `
      0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
      172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1
      224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1
      ::ffff:127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1
      2001:20::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1
      - localhost 1.2.3 1.2.3.4.5 0x7f.0.0.1x`;
    for (const address of refused.trim().split(/\s+/)) assert.equal(isPublicAddress(address), false, address);
  });

  it("takes public addresses", () => {
    for (const address of [
      "1.1.1.1",
      "8.8.8.8",
      "172.15.0.1",
      "172.32.0.1",
      "100.128.0.1",
      "2606:4700::1111",
      "::ffff:8.8.8.8",
    ]) {
      assert.equal(isPublicAddress(address), true, address);
    }
  });
});

describe("guardedFetch", () => {
  it("downloads to memory and to a file, and says the type", async () => {
    await using server = await serve((_request, response) => {
      response.setHeader("content-type", "Audio/WAV; charset=x");
      response.end("hello");
    });
    await using root = await TempDir.create();
    const read = await guardedRead(`${server.origin}/a?b=c`, local);
    assert.deepEqual([read.contentType, read.bytes, read.body.toString()], ["audio/wav", 5, "hello"]);
    const path = root.file("a");
    assert.deepEqual(await guardedFetch(`${server.origin}/a`, { ...local, path }), {
      contentType: "audio/wav",
      bytes: 5,
    });
    assert.equal(await readFile(path, "utf8"), "hello");
  });

  it("refuses what is not a plain http URL", async () => {
    const urls = [
      "",
      "x",
      "file:///etc/passwd",
      "ftp://example.com/",
      "data:,x",
      "gopher://example.com",
      "http://",
      "//example.com",
    ];
    for (const url of [
      ...urls,
      "http://user@example.com/",
      "http://user:pass@example.com/",
      "https://:pass@example.com/",
    ]) {
      await assert.rejects(guardedRead(url, limits), { code: "url_refused" }, url);
    }
  });

  it("refuses private addresses in every spelling without connecting, and does not say what it found", async () => {
    await using server = await serve((_request, response) => response.end("secret"));
    const hosts = [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "0",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
    ];
    for (const host of [...hosts, "１２７.0.0.1", "169.254.169.254", "localhost", "127.0.0.1."]) {
      await assert.rejects(guardedRead(`http://${host}:${server.port}/`, limits), { code: "url_refused" }, host);
    }
    const internal = guardedRead("http://db.internal/", { ...limits, resolver: resolving(["10.1.2.3"]) });
    await assert.rejects(
      internal,
      (error: Error) => error instanceof AppError && !JSON.stringify(error.report()).includes("10.1"),
    );
    assert.deepEqual(server.requests, []);
  });

  it("refuses a name when any of its addresses is private", async () => {
    const resolver = resolving(["8.8.8.8", "10.0.0.1"]);
    await assert.rejects(guardedRead("http://mixed.example/", { ...limits, resolver }), { code: "url_refused" });
  });

  it("connects to the address that was checked, and asks for it once", async () => {
    await using server = await serve((request, response) => response.end(request.headers.host));
    const resolver = resolving(["127.0.0.1"], ["10.255.255.1"]);
    const read = await guardedRead(`http://rebinding.example:${server.port}/`, { ...local, resolver });
    assert.equal(read.body.toString(), `rebinding.example:${server.port}`);
    assert.deepEqual(resolver.asked, ["rebinding.example"]);
  });

  it("checks every redirect", async () => {
    await using server = await serve((request, response) => {
      const target = new URL(request.url ?? "", "http://x").searchParams.get("to");
      if (target === null) response.end("arrived");
      else response.writeHead(302, { location: target }).end("elsewhere");
    });
    const to = (target: string) => `${server.origin}/?to=${encodeURIComponent(target)}`;
    assert.equal((await guardedRead(to("/end"), local)).body.toString(), "arrived");
    await assert.rejects(guardedRead(to("file:///etc/passwd"), local), { code: "url_refused" });
    await assert.rejects(guardedRead(to(`http://a:b@127.0.0.1:${server.port}/`), local), { code: "url_refused" });
    await assert.rejects(guardedRead(to(to(to(to(to(to(to("/end"))))))), local), { code: "download_failed" });
    assert.equal((await guardedRead(to(to(to(to(to("/end"))))), local)).body.toString(), "arrived");
    assert.ok(!server.requests.some((path) => path.includes("passwd") && !path.includes("to=")));
  });

  it("refuses a permitted server's redirect to an address that is not", async () => {
    await using inside = await serve((_request, response) => response.end("secret"), "127.0.0.2");
    await using server = await serve((request, response) => {
      const location = request.url === "/name" ? `http://inside.example:${inside.port}/` : `${inside.origin}/`;
      response.writeHead(307, { location }).end();
    });
    const resolver = resolving(["127.0.0.2"]);
    const permitted = { ...limits, allowPrivate: ["127.0.0.1"], resolver };
    await assert.rejects(guardedRead(`${server.origin}/address`, permitted), { code: "url_refused" });
    await assert.rejects(guardedRead(`${server.origin}/name`, permitted), { code: "url_refused" });
    assert.deepEqual(server.requests, ["/address", "/name"]);
    assert.deepEqual(inside.requests, []);
  });

  it("stops at the size limit, announced, chunked or lied about", async () => {
    await using root = await TempDir.create();
    const path = root.file("download");
    await using server = await serve((request, response) => {
      if (request.url === "/announced") response.setHeader("content-length", "1001").flushHeaders();
      else if (request.url === "/exact") response.end(Buffer.alloc(1000));
      else {
        const timer = setInterval(() => response.write(Buffer.alloc(400)), 2);
        response.on("close", () => clearInterval(timer));
      }
    });
    for (const where of ["/announced", "/endless"]) {
      await assert.rejects(guardedRead(server.origin + where, local), { code: "input_too_large" }, where);
      await assert.rejects(guardedFetch(server.origin + where, { ...local, path }), { code: "input_too_large" }, where);
      assert.ok(!existsSync(path));
    }
    assert.equal((await guardedRead(`${server.origin}/exact`, local)).bytes, 1000);
  });

  it("answers download_failed for a body that ends early, a bad status, a refused connection, an unknown host", async () => {
    await using root = await TempDir.create();
    const path = root.file("download");
    await using server = await serve((request, response) => {
      if (request.url === "/404") response.writeHead(404).end();
      else if (request.url === "/204") response.writeHead(204).end();
      else if (request.url === "/304") response.writeHead(304).end();
      else {
        response.setHeader("content-length", "500");
        response.write(Buffer.alloc(100), () => response.destroy());
      }
    });
    for (const where of ["/404", "/204", "/304", "/short"]) {
      await assert.rejects(guardedFetch(server.origin + where, { ...local, path }), { code: "download_failed" }, where);
      assert.ok(!existsSync(path));
    }
    await assert.rejects(guardedRead("http://127.0.0.1:1/", local), { code: "download_failed" });
    const nobody: Resolver = () => Promise.reject(new Error("ENOTFOUND"));
    await assert.rejects(guardedRead("http://nobody.example/", { ...local, resolver: nobody }), {
      code: "download_failed",
    });
    await assert.rejects(guardedRead("http://nobody.example/", { ...local, resolver: resolving([]) }), {
      code: "download_failed",
    });
  });

  it("asks for no compression, and takes none", async () => {
    const accepted: unknown[] = [];
    await using server = await serve((request, response) => {
      accepted.push(request.headers["accept-encoding"]);
      response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(10_000_000)).subarray(0, 900));
    });
    await assert.rejects(guardedRead(server.origin, local), { code: "download_failed" });
    assert.deepEqual(accepted, ["identity"]);
  });

  it("gives up on servers that are slow to answer, to send, or to resolve", async () => {
    await using server = await serve((request, response) => {
      if (request.url === "/silent") return;
      response.write("a");
      const timer = setInterval(() => response.write("a"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const impatient = { ...local, timeoutMs: 150 };
    // One that did not give up would drip for as long as the test may last.
    for (const where of ["/silent", "/drip"]) {
      await assert.rejects(guardedRead(server.origin + where, impatient), { code: "timeout" }, where);
    }
    const never: Resolver = () => new Promise(() => undefined);
    await assert.rejects(guardedRead("http://slow.example/", { ...impatient, resolver: never }), { code: "timeout" });
  });

  it("stops when aborted, and leaves no file and no connection", async () => {
    const open = new Set<Socket>();
    const server = createTcpServer((socket) => {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => open.delete(socket));
      socket.resume();
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nabc");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await using root = await TempDir.create();
    const path = root.file("download");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(guardedFetch(url, { ...local, path, signal: controller.signal }), { code: "cancelled" });
    assert.ok(!existsSync(path));
    await assert.rejects(guardedFetch(url, { ...local, path, signal: AbortSignal.abort() }), { code: "cancelled" });
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(open.size, 0);
  });

  it("answers storage_failed when the disk is full", async () => {
    await using server = await serve((_request, response) => response.end("hello"));
    await assert.rejects(guardedFetch(server.origin, { ...local, path: "/dev/full" }), { code: "storage_failed" });
  });
});
