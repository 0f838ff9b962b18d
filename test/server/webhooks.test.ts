import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer, scratchFolder } from "./local-server.ts";
import { scripted, scriptedRun } from "./scripted-run.ts";
import { webhookReceiver } from "./webhook-receiver.ts";

const KEY = Buffer.from("a key of the tests, 32 bytes long");
const env = {
  TALKBOX_WEBHOOK_SECRET: `whsec_${KEY.toString("base64")}`,
  TALKBOX_ALLOW_PRIVATE_URLS: "1",
  TALKBOX_CONCURRENCY: "1",
};
const receiver = await webhookReceiver({
  "/twice": [500, 503],
  "/never": [500, 500, 500, 500],
  "/moved": [302, 302, 302],
});
const { run } = scriptedRun();
const server = await localServer({ run, env, webhookPausesMs: [30, 30] });

test("a webhook carries the status with the input, signed as Standard Webhooks says", async () => {
  const job = { ...scripted({ echo: "끝" }), webhook: `${receiver.url}/done` };
  const { body } = await server.call("/run", { body: job });
  const [sent] = await receiver.expect("/done", 1);
  assert.ok(sent);
  const { delayTime, executionTime, ...rest } = JSON.parse(sent.text) as Record<string, unknown>;
  assert.ok(typeof delayTime === "number" && typeof executionTime === "number");
  assert.deepEqual(rest, {
    id: body["id"],
    status: "COMPLETED",
    webhook: job.webhook,
    input: job.input,
    output: { success: true, echo: "끝" },
  });
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = sent.headers;
  assert.equal(id, `msg_${String(body["id"])}`);
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 5);
  const expected = createHmac("sha256", KEY).update(`${id}.${timestamp}.${sent.text}`).digest("base64");
  assert.equal(signature, `v1,${expected}`);
});

test("failures and cancels are told, too", async () => {
  await server.call("/run", { body: { ...scripted({ fail: "no voice" }), webhook: `${receiver.url}/failed` } });
  const [failed] = await receiver.expect("/failed", 1);
  const told = JSON.parse(failed?.text ?? "{}") as Record<string, string>;
  assert.deepEqual([told["status"], told["output"]], ["FAILED", undefined]);
  assert.match(told["error"] ?? "", /no voice/);
  const { body } = await server.call("/run", {
    body: { ...scripted({ ms: 10_000 }), webhook: `${receiver.url}/cancelled` },
  });
  await server.call(`/cancel/${String(body["id"])}`, { body: {} });
  const [cancelled] = await receiver.expect("/cancelled", 1);
  assert.equal((JSON.parse(cancelled?.text ?? "{}") as Record<string, string>)["status"], "CANCELLED");
});

test("one that is not taken is sent again, with the same id, and given up in the end", async () => {
  await server.call("/run", { body: { ...scripted({}), webhook: `${receiver.url}/twice` } });
  const twice = await receiver.expect("/twice", 3);
  assert.equal(new Set(twice.map(({ headers }) => headers["webhook-id"])).size, 1);
  await server.call("/run", { body: { ...scripted({}), webhook: `${receiver.url}/never` } });
  await server.call("/run", { body: { ...scripted({}), webhook: `${receiver.url}/moved` } });
  await receiver.expect("/never", 3);
  await receiver.expect("/moved", 3);
  await sleep(150);
  assert.equal((await receiver.expect("/twice", 3)).length, 3);
  assert.equal((await receiver.expect("/never", 3)).length, 3);
  const metrics = (await server.call("/metrics")).body.text ?? "";
  assert.match(metrics, /talkbox_webhooks_total\{outcome="given_up"\} 2/);
});

test("a large result comes whole", async () => {
  const echo = "A".repeat(3 << 20);
  await server.call("/run", { body: { ...scripted({ echo }), webhook: `${receiver.url}/large` } });
  const [sent] = await receiver.expect("/large", 1);
  const told = JSON.parse(sent?.text ?? "{}") as { input: { params: { echo: string } }; output: { echo: string } };
  assert.ok(told.output.echo === echo && told.input.params.echo === echo);
});

test("one that is due when the server ends is sent by the next", async () => {
  const TALKBOX_DATA = await scratchFolder();
  const down = await localServer({ run, env: { ...env, TALKBOX_DATA }, webhookPausesMs: [100] });
  // Nothing listens on the discard port.
  const url = "http://127.0.0.1:9";
  const { body } = await down.call("/runsync", { body: { ...scripted({}), webhook: url } });
  await sleep(50);
  await down.close(0);
  const up = await localServer({ run, env: { ...env, TALKBOX_DATA }, webhookPausesMs: [] });
  for (let waited = 0; waited < 3000; waited += 20) {
    const metrics = (await up.call("/metrics")).body.text ?? "";
    if (/talkbox_webhooks_total\{outcome="given_up"\} 1/.test(metrics)) return;
    await sleep(20);
  }
  assert.fail(`the webhook of ${String(body["id"])} was forgotten`);
});

test("a private address is refused where that is not allowed", async () => {
  const strict = await localServer({ run, env: { TALKBOX_WEBHOOK_SECRET: env.TALKBOX_WEBHOOK_SECRET } });
  await strict.call("/runsync", { body: { ...scripted({}), webhook: `${receiver.url}/private` } });
  await sleep(100);
  assert.equal((await receiver.expect("/private", 0)).length, 0);
  assert.match((await strict.call("/metrics")).body.text ?? "", /talkbox_webhooks_total\{outcome="given_up"\} 1/);
});
