import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type RangedGetOptions, rangedGet } from "../../src/net/ranged-get.ts";
import { serve, type TestServer } from "./servers.ts";

/** Both are this machine; the first stands for the internet and the second for a network that is not. */
const OUTSIDE = "127.0.0.1";
const INSIDE = "127.0.0.2";
const isPublic = (address: string): boolean => address === OUTSIDE;

const fixture = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, `../worker/fixtures/localhost.${name}.pem`), "utf8");
const resolver = async () => [{ address: OUTSIDE, family: 4 } as const];

async function get(url: string, options: Partial<RangedGetOptions> = {}): Promise<string> {
  await using answer = await rangedGet(url, { from: 0, signal: new AbortController().signal, isPublic, ...options });
  const pieces = await Array.fromAsync(answer.body);
  return `${answer.status} ${Buffer.concat(pieces).toString()}`;
}

const leadingTo = (location: () => string, host: string): Promise<TestServer> =>
  serve((_, response) => response.writeHead(302, { location: location() }).end(), host);
const holding = (text: string, host: string): Promise<TestServer> => serve((_, response) => response.end(text), host);

describe("the redirects of a download that an operator has named", () => {
  it("do not lead from a public host to one that is not: it is not even asked", async () => {
    await using secret = await holding("of the network inside", INSIDE);
    await using start = await leadingTo(() => `${secret.origin}/latest/meta-data`, OUTSIDE);
    await assert.rejects(get(start.origin), { code: "url_refused", message: /not public/ });
    assert.deepEqual([start.requests.length, secret.requests], [1, []]);
  });

  it("nor by way of another public one, nor under a name", async () => {
    await using secret = await holding("of the network inside", INSIDE);
    const named = `http://model.example:${secret.port}/x`;
    await using second = await leadingTo(() => named, OUTSIDE);
    await using start = await leadingTo(() => second.origin, OUTSIDE);
    const names = async () => [{ address: INSIDE, family: 4 } as const];
    await assert.rejects(get(start.origin, { resolver: names }), { code: "url_refused", message: /not public/ });
    assert.deepEqual([second.requests.length, secret.requests], [1, []]);
  });

  it("lead from public to public, and from inside to anywhere: who names a private host means it", async () => {
    await using outside = await holding("outside", OUTSIDE);
    await using inside = await holding("inside", INSIDE);
    await using public1 = await leadingTo(() => outside.origin, OUTSIDE);
    await using private1 = await leadingTo(() => inside.origin, INSIDE);
    await using private2 = await leadingTo(() => outside.origin, INSIDE);
    assert.equal(await get(public1.origin), "200 outside");
    assert.equal(await get(private1.origin), "200 inside");
    assert.equal(await get(private2.origin), "200 outside");
  });

  it("end where they go round, and lead to http and https alone", async () => {
    await using round = await leadingTo(() => "/again", OUTSIDE);
    await assert.rejects(get(round.origin), { code: "download_failed", message: /redirects more than/ });
    for (const location of ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x"]) {
      await using elsewhere = await leadingTo(() => location, OUTSIDE);
      await assert.rejects(get(elsewhere.origin), { code: "url_refused" }, location);
    }
  });

  it("do not lead from https to http, where anybody could change the file; they do the other way", async () => {
    const [key, cert] = await Promise.all(["key", "cert"].map(fixture));
    setDefaultCACertificates([...getCACertificates("default"), cert ?? ""]);
    await using plain = await holding("plain", OUTSIDE);
    let location = plain.origin;
    const server: Server = createServer({ key, cert }, (request, response) => {
      if (request.url === "/file") response.end("safe");
      else response.writeHead(302, { location }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, OUTSIDE, resolve));
    try {
      const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
      await assert.rejects(get(origin, { resolver }), { code: "url_refused", message: /from https to http/ });
      assert.deepEqual(plain.requests, []);
      location = `${origin}/file`;
      assert.equal(await get(origin, { resolver }), "200 safe");
      await using upwards = await leadingTo(() => `${origin}/file`, OUTSIDE);
      assert.equal(await get(upwards.origin, { resolver }), "200 safe");
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("keep the token for the host that it was given for", async () => {
    let seen: string | undefined = "nothing";
    await using other = await serve((request, response) => {
      seen = request.headers.authorization;
      response.end("it");
    }, OUTSIDE);
    await using start = await leadingTo(() => other.origin, OUTSIDE);
    assert.equal(await get(start.origin, { token: "secret" }), "200 it");
    assert.equal(seen, undefined);
  });
});
