import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { TempDir } from "../../../src/media/temp.ts";
import type { Artifact } from "../../../src/storage/artifact.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { clientOf } from "./places.ts";
import { KEY, StrictS3 } from "./strict-server/server.ts";

const launcher = join(import.meta.dirname, "../../../src/cli/talkbox.mjs");
const tracer = join(import.meta.dirname, "trace-aws.ts");

type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
type Result = { readonly artifacts: readonly Artifact[]; readonly warnings?: readonly string[] };

/** A server whose clock runs with the system's, `aheadMs` ahead. */
async function startServer(port?: number): Promise<{ server: StrictS3; time: { aheadMs: number } }> {
  const time = { aheadMs: 0 };
  const clock = {
    get now() {
      return Date.now() + time.aheadMs;
    },
    set now(_: number) {
      throw new Error("This clock is moved by aheadMs.");
    },
  };
  return { server: await StrictS3.start(clock, port), time };
}

async function talkbox(folder: string, args: readonly string[], env: Record<string, string>): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", tracer, launcher, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], TALKBOX_LOG_FORMAT: "json", TALKBOX_LOG_LEVEL: "debug", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

function bucketOf(server: StrictS3): Record<string, string> {
  return {
    BUCKET_ENDPOINT_URL: `${server.endpoint}/talkbox-test`,
    BUCKET_ACCESS_KEY_ID: KEY.accessKeyId,
    BUCKET_SECRET_ACCESS_KEY: KEY.secretAccessKey,
  };
}

const job = (more: object = {}, output: object = {}) =>
  JSON.stringify({ input: { operation: "tts", params: { text: "안녕하세요", captions: false }, output }, ...more });
const HEALTH = ["run", "--quiet", "--input", '{"operation":"health_check"}'];

/** Neither keys nor signatures. */
function assertDiscreet(log: string): void {
  for (const secret of [KEY.secretAccessKey, KEY.accessKeyId, "X-Amz-Signature", "Signature="]) {
    assert.ok(!log.includes(secret), `the log has ${secret}`);
  }
}

describe("talkbox with a bucket", () => {
  it("delivers speech there; its URL gives the same bytes to anyone until it expires", async () => {
    const { server, time } = await startServer();
    await using _server = server;
    await using folder = await TempDir.create();
    // What another worker left an hour ago is swept on the way.
    using client = clientOf(server.request(), { now: () => Date.now() - 3_600_000 });
    await new S3Store(client).put(Buffer.from("x"), { key: "audio/old.wav", mime: "audio/wav", ttlSeconds: 60 });
    const run = ["run", "--quiet", "--input", job({}, { ttl_seconds: 90 })];
    const { code, stdout, stderr } = await talkbox(folder.path, run, bucketOf(server));
    assert.equal(code, 0, stdout + stderr);
    const [artifact] = (JSON.parse(stdout) as Result).artifacts;
    assert.match(artifact?.key ?? "", /^audio\/안녕하세요_[0-9a-f]{8}\.wav$/);
    const url = artifact?.url ?? "";
    const answer = await fetch(url);
    const body = Buffer.from(await answer.arrayBuffer());
    assert.equal(createHash("sha256").update(body).digest("hex"), artifact?.sha256);
    assert.equal(body.subarray(0, 4).toString(), "RIFF");
    assert.equal(answer.headers.get("content-type"), "audio/wav");
    time.aheadMs = Date.parse(artifact?.expires_at ?? "") - Date.now() - 2000;
    assert.equal((await fetch(url)).status, 200);
    time.aheadMs += 2000;
    assert.equal((await fetch(url)).status, 403);
    assert.ok(!server.bucket.objects.has("audio/old.wav"));
    assertDiscreet(stderr);
    assert.match(stderr, /AWS LOADED/);
  });

  it("does not load the AWS client for what stores nothing", async () => {
    const { server } = await startServer();
    await using _server = server;
    await using folder = await TempDir.create();
    const { code, stderr } = await talkbox(folder.path, HEALTH, bucketOf(server));
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /AWS LOADED/);
    assert.deepEqual(server.operations, []);
  });

  it("keeps what a bucket out of reach does not take, lists it, and sends it at the next start or when told", async () => {
    await using folder = await TempDir.create();
    const first = await startServer();
    const port = first.server.port;
    const env = bucketOf(first.server);
    await first.server[Symbol.asyncDispose]();
    const made: Artifact[] = [];
    for (let round = 0; round < 2; round++) {
      const { code, stdout, stderr } = await talkbox(folder.path, ["run", "--quiet", "--input", job()], env);
      assert.equal(code, 0, stdout);
      const result = JSON.parse(stdout) as Result;
      assert.match(result.warnings?.join() ?? "", /kept on this worker's disk/);
      assertDiscreet(stderr);
      made.push(...result.artifacts);
      const listed = await talkbox(folder.path, ["outbox", "list"], env);
      assert.equal(listed.stdout.trim().split("\n").length, 1);
      assert.ok(listed.stdout.includes(made[round]?.key ?? "no key"));
      const refused = await talkbox(folder.path, ["outbox", "flush"], env);
      assert.equal(refused.code, 1);
      assert.match(refused.stdout, /^waits .*did not answer/);
      const { server } = await startServer(port);
      await using _server = server;
      const sent = await talkbox(folder.path, round === 0 ? ["outbox", "flush"] : HEALTH, env);
      assert.equal(sent.code, 0);
      assert.match(round === 0 ? sent.stdout : sent.stderr, round === 0 ? /^sent / : /"sent":1/);
      assert.equal((await fetch(made[round]?.url ?? "")).status, 200);
      const head = server.bucket.objects.get(made[round]?.key ?? "");
      assert.equal(head?.headers["x-amz-meta-talkbox-expires"], made[round]?.expires_at);
      assert.deepEqual(await readdir(folder.file("data/.talkbox/outbox")), []);
    }
  });

  it("puts a job's output into the bucket that the job brings, and nowhere else", async () => {
    const [own, theirs] = [(await startServer()).server, (await startServer()).server];
    await using _own = own;
    await using _theirs = theirs;
    await using folder = await TempDir.create();
    const s3Config = {
      accessId: KEY.accessKeyId,
      accessSecret: KEY.secretAccessKey,
      bucketName: "talkbox-test",
      objectPath: "/people/mina/",
      endpointUrl: theirs.endpoint,
    };
    const run = ["run", "--quiet", "--input", job({ s3Config })];
    const refused = await talkbox(folder.path, run, bucketOf(own));
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /url_refused/);
    const allowed = { TALKBOX_ALLOW_PRIVATE_URLS: "1" };
    for (const env of [allowed, { ...bucketOf(own), ...allowed }]) {
      const { code, stdout, stderr } = await talkbox(folder.path, run, env);
      assert.equal(code, 0, stdout);
      const [artifact] = (JSON.parse(stdout) as Result).artifacts;
      assert.ok(artifact?.url?.startsWith(theirs.endpoint));
      assertDiscreet(stderr);
    }
    assert.equal(own.bucket.objects.size, 0);
    // The files of two jobs, and nothing of our housekeeping.
    const keys = [...theirs.bucket.objects.keys()];
    assert.equal(keys.filter((key) => key.endsWith(".wav")).length, 2);
    assert.ok(
      keys.every((key) => key.startsWith("people/mina/audio/")),
      keys.join(),
    );
    const outside = { ...s3Config, objectPath: "../other" };
    const led = await talkbox(folder.path, ["run", "--input", job({ s3Config: outside })], allowed);
    assert.match(led.stdout, /s3Config\.objectPath/);
    const bad = await talkbox(
      folder.path,
      ["run", "--input", job({ s3Config: { accessId: 5, accessSecret: "geheim" } })],
      {},
    );
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /s3Config\.accessId/);
    assert.doesNotMatch(bad.stdout + bad.stderr, /geheim/);
  });

  it("refuses `s3` where there is none, and settings that cannot be used", async () => {
    await using folder = await TempDir.create();
    const { code, stdout } = await talkbox(folder.path, ["run", "--input", job({}, { delivery: "s3" })], {});
    assert.equal(code, 1);
    assert.match(stdout, /BUCKET_ENDPOINT_URL/);
    const half = await talkbox(folder.path, HEALTH, { BUCKET_ENDPOINT_URL: "http://127.0.0.1/b" });
    assert.equal(half.code, 1);
    assert.match(half.stderr, /BUCKET_ACCESS_KEY_ID.*BUCKET_SECRET_ACCESS_KEY/);
  });

  it("goes on with a wrong secret, saying what to check, and tells neither secret nor key", async () => {
    const { server } = await startServer();
    await using _server = server;
    await using folder = await TempDir.create();
    const env = { ...bucketOf(server), BUCKET_SECRET_ACCESS_KEY: "wr0ng+secret" };
    const { code, stdout, stderr } = await talkbox(folder.path, ["run", "--quiet", "--input", job()], env);
    assert.equal(code, 0);
    assert.match((JSON.parse(stdout) as Result).warnings?.join() ?? "", /BUCKET_SECRET_ACCESS_KEY/);
    assertDiscreet(stderr);
    assert.ok(!(stdout + stderr).includes("wr0ng+secret"));
  });

  it("has a doctor that installs the rules beside those that are there", async () => {
    const { server } = await startServer();
    await using _server = server;
    await using folder = await TempDir.create();
    const theirs = "<Rule><ID>theirs</ID><Filter><Prefix>x/</Prefix></Filter><Status>Enabled</Status></Rule>";
    server.bucket.lifecycle = `<LifecycleConfiguration>${theirs}</LifecycleConfiguration>`;
    const before = await talkbox(folder.path, ["doctor"], bucketOf(server));
    assert.match(before.stdout, /– lifecycle rules +Not installed: talkbox:realtime.*\n.*--fix-lifecycle/);
    const after = await talkbox(folder.path, ["doctor", "--fix-lifecycle"], bucketOf(server));
    assert.match(after.stdout, /✓ rules installed +talkbox:realtime/);
    assert.match(after.stdout, /✓ lifecycle rules +installed/);
    assert.match(after.stdout, /✓ presigned URL/);
    assert.match(server.bucket.lifecycle, /theirs/);
    assertDiscreet(before.stdout + before.stderr + after.stdout + after.stderr);
    const without = await talkbox(folder.path, ["doctor", "--fix-lifecycle"], {});
    assert.equal(without.code, 1);
    assert.match(without.stderr, /No bucket is configured/);
  });
});
