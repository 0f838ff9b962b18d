import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OPERATIONS } from "../../src/operations/index.ts";
import { localServer } from "../server/local-server.ts";

const server = await localServer();

test("the pages are served with a policy that runs nothing but their own code", async () => {
  const page = await server.call("/studio/");
  assert.equal(page.status, 200, "run `npm run build:web` first");
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /script-src 'self';.*frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  const html = page.body.text ?? "";
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/);
  const [, script = ""] = /src="(\/studio\/assets\/[^"]+\.js)"/.exec(html) ?? [];
  const code = await server.call(script);
  assert.equal(code.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(code.headers.get("cache-control"), "public, max-age=31536000, immutable");
  const etag = page.headers.get("etag") ?? "";
  assert.equal((await server.call("/studio/", { headers: { "if-none-match": etag } })).status, 304);
  assert.equal((await fetch(`${server.url}/studio`, { redirect: "manual" })).headers.get("location"), "studio/");
  assert.equal((await server.call("/docs")).status, 200);
});

test("nothing but the pages' files is served under their path", async () => {
  for (const path of [
    "/studio/../package.json",
    "/studio/..%2f..%2fpackage.json",
    "/studio/assets/",
    "/studio/nothing.js",
  ]) {
    assert.equal((await server.call(path)).status, 404, path);
  }
});

test("operations are listed with the schemas that lie in schemas/", async () => {
  const { body } = await server.call("/api/operations");
  const listed = body["operations"] as { name: string; params: { properties?: object }; example: unknown }[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    [...OPERATIONS.keys()],
  );
  for (const { name, params } of listed) {
    const file = JSON.parse(await readFile(join(import.meta.dirname, `../../schemas/${name}.params.json`), "utf8"));
    assert.deepEqual(params.properties, (file as typeof params).properties, name);
  }
});

test("jobs are listed newest first, without what only looks something up, and without their inputs", async () => {
  await server.call("/runsync", {
    body: { input: { operation: "tts", params: { text: "A secret text.", captions: false } } },
  });
  await server.call("/runsync", { body: { input: { operation: "list_models" } } });
  const { body } = await server.call("/api/jobs?limit=5");
  const jobs = body["jobs"] as Record<string, unknown>[];
  assert.deepEqual(
    jobs.map(({ operation, status, files }) => [operation, status, files]),
    [["tts", "COMPLETED", 1]],
  );
  assert.doesNotMatch(JSON.stringify(body), /secret/);
  assert.ok(Number(jobs[0]?.["executionTime"]) > 0);
  const all = await server.call("/api/jobs?light=true");
  assert.equal((all.body["jobs"] as { operation: string }[])[0]?.operation, "list_models");
  for (const limit of ["0", "-1", "many", "99999"]) {
    assert.equal((await server.call(`/api/jobs?limit=${limit}`)).status, 400, limit);
  }
});

test("a job with a fault is refused with its violations, and one that fails later tells them, too", async () => {
  const bad = { input: { operation: "tts", params: { text: "Hi.", rate: 9 } } };
  const refused = await server.call("/api/jobs", { body: bad });
  assert.equal(refused.status, 400);
  assert.deepEqual(
    (refused.body["violations"] as { path: string }[]).map(({ path }) => path),
    ["params.rate"],
  );
  const late = await server.call("/api/jobs", { body: { input: { operation: "lipsync", params: {} } } });
  const id = String(late.body["id"]);
  await server.jobs.wait(id, 60_000);
  const { body } = await server.call(`/api/jobs/${id}`);
  const { code, violations } = body["error"] as { code: string; violations: { path: string }[] };
  assert.deepEqual([code, violations[0]?.path], ["invalid_input", "params.text"]);
  assert.equal((await server.call("/api/jobs/none")).status, 404);
});

test("an avatar's picture is drawn; of nobody there is none", async () => {
  const picture = await fetch(`${server.url}/api/avatars/talk/picture`);
  assert.equal(picture.headers.get("content-type"), "image/jpeg");
  const bytes = Buffer.from(await picture.arrayBuffer());
  assert.equal(bytes.readUInt16BE(0), 0xffd8);
  assert.equal((await server.call("/api/avatars/nobody/picture")).status, 404);
});

test("with a key, the pages are open and what they ask for is not", async () => {
  const closed = await localServer({ env: { TALKBOX_API_KEY: "key" } });
  assert.equal((await closed.call("/studio/")).status, 200);
  for (const path of ["/api/operations", "/api/jobs", "/api/jobs/x", "/api/avatars/talk/picture"]) {
    assert.equal((await closed.call(path)).status, 401, path);
  }
});
