import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, scratchFolder } from "./local-server.ts";
import { scripted } from "./scripted-run.ts";

const KILLS = 8;
const program = join(import.meta.dirname, "serve-child.ts");

async function start(data: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, TALKBOX_DATA: data, TALKBOX_QUEUE_SIZE: "100000", TALKBOX_CONCURRENCY: "4" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, url: String(line).trim() };
}

test(`of ${KILLS} kills at random moments, no accepted job is lost`, async () => {
  const data = await scratchFolder();
  const accepted = new Map<string, string>();
  let sent = 0;
  let server = await start(data);
  for (let kill = 0; kill <= KILLS; kill++) {
    const dead = once(server.child, "exit");
    const stopped = new AbortController();
    const send = async (): Promise<void> => {
      while (!stopped.signal.aborted) {
        // Some of a size that lies in a file, bodies and outputs.
        const echo = `${sent++}:${"x".repeat(sent % 5 === 0 ? 60_000 : 10)}`;
        const answer = await call(`${server.url}/run`, { body: scripted({ ms: sent % 40, echo }) }).catch(
          () => undefined,
        );
        if (answer?.status === 200) accepted.set(String(answer.body["id"]), echo);
        await sleep(1);
      }
    };
    const senders = [send(), send(), send()];
    await sleep(60 + Math.random() * 300);
    stopped.abort();
    if (kill < KILLS) server.child.kill("SIGKILL");
    await Promise.all(senders);
    if (kill === KILLS) break;
    await dead;
    server = await start(data);
  }
  assert.ok(accepted.size > 100, `${accepted.size} jobs were accepted`);
  let attemptsUsedUp = 0;
  for (const [id, echo] of accepted) {
    const { status, body } = await call(`${server.url}/status-sync/${id}?wait=20000`);
    assert.equal(status, 200, "the job is known");
    if (body["status"] === "FAILED") {
      assert.match(String(body["error"]), /begun 3 times/);
      attemptsUsedUp++;
    } else {
      assert.deepEqual([body["status"], (body["output"] as { echo: string }).echo === echo], ["COMPLETED", true]);
    }
  }
  assert.ok(attemptsUsedUp <= 4 * KILLS, "only what was under way can have used up its attempts");
  const { body } = await call(`${server.url}/v2/a/health`);
  const counts = body["jobs"] as Record<string, number>;
  assert.deepEqual([counts["inQueue"], counts["inProgress"]], [0, 0]);
  // A job may have been accepted whose answer was cut off; a payload belongs to a job.
  const known = Number(counts["completed"]) + Number(counts["failed"]);
  assert.ok(known >= accepted.size && known <= accepted.size + 3 * KILLS, `${known} of ${accepted.size}`);
  server.child.kill("SIGKILL");
  await once(server.child, "exit");
  const last = await start(data);
  const payloads = await readdir(join(data, ".talkbox/jobs/payloads"));
  for (const name of payloads) assert.equal((await call(`${last.url}/status/${name.split(".")[0]}`)).status, 200);
  last.child.kill("SIGKILL");
});
