import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { localServer } from "./local-server.ts";

describe("around all routes", () => {
  it("answers tell browsers to take types as they are said, and not to frame them", async () => {
    const server = await localServer();
    for (const path of ["/ping", "/api/v2/status", "/no-such-route"]) {
      const { headers } = await server.call(path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.ok(headers.get("referrer-policy"), path);
    }
  });

  it("pages of any origin may call, unless some are named, or none", async () => {
    const asked = { headers: { origin: "https://a.example" } };
    const allowed = async (env: Record<string, string>) =>
      (await (await localServer({ env })).call("/api/v2/status", asked)).headers.get("access-control-allow-origin");
    assert.equal(await allowed({}), "*");
    const named = { TALKBOX_CORS_ORIGINS: "https://b.example, https://a.example" };
    assert.equal(await allowed(named), "https://a.example");
    assert.equal(await allowed({ TALKBOX_CORS_ORIGINS: "https://b.example" }), null);
    assert.equal(await allowed({ TALKBOX_CORS_ORIGINS: "none" }), null);
  });

  it("a browser that asks beforehand is told what it may do, without the key", async () => {
    const server = await localServer({ env: { TALKBOX_API_KEY: "secret" } });
    const preflight = {
      method: "OPTIONS",
      headers: {
        origin: "https://a.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    };
    const { status, headers } = await server.call("/api/v2/lipsync", preflight);
    assert.equal(status, 204);
    assert.match(headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.match(headers.get("access-control-allow-headers") ?? "", /authorization/);
    assert.equal((await server.call("/api/v2/status")).status, 401);
  });

  it("one request more than an address may make in a minute is refused, probes and files are not counted", async () => {
    const server = await localServer({ env: { TALKBOX_RATE_LIMIT: "3" } });
    for (let count = 0; count < 3; count++) assert.equal((await server.call("/api/v2/status")).status, 200);
    const refused = await server.call("/api/v2/status");
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.match(JSON.stringify(refused.body), /More than 3 requests a minute|1분에 최대 3회/);
    assert.notEqual((await server.call("/ping")).status, 429);
    assert.equal((await server.call("/video/none.mp4")).status, 404);
  });

  it("without a limit there is none", async () => {
    const server = await localServer();
    const answers = await Promise.all(Array.from({ length: 50 }, async () => server.call("/api/v2/status")));
    assert.ok(answers.every(({ status }) => status === 200));
  });

  it("every port has the same routes", async () => {
    const server = await localServer({ morePorts: [0, 0] });
    assert.equal(server.moreUrls.length, 2);
    for (const url of [server.url, ...server.moreUrls]) {
      assert.equal((await fetch(`${url}/api/v2/status`)).status, 200, url);
    }
  });
});
