import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { scratchFolder } from "../server/local-server.ts";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "src/cli/talkbox.mjs");
const skip = process.platform === "linux" ? false : "threads are read from /proc, which Linux has";

/** What V8 ran with in a process that has ended. */
type Ran = {
  readonly code: number | null;
  readonly workers: string;
  readonly arenas: string;
  readonly flag: (name: string) => string;
};

/**
 * Runs a program to its end, or tells it to stop once it is as `until` wants it, who is given what it has said. `node` is
 * this Node there.
 */
async function run(
  command: string,
  args: readonly string[],
  {
    env = {},
    until,
    cwd = root,
  }: { env?: Record<string, string>; until?: (said: string) => Promise<boolean>; cwd?: string } = {},
): Promise<Ran> {
  const folder = await scratchFolder();
  const bin = join(folder, "bin");
  await mkdir(bin);
  await symlink(process.execPath, join(bin, "node"));
  // V8 prints past Node, which a pipe that is full would cut short.
  const output = join(folder, "output");
  const file = await open(output, "w");
  const report = `--import=${pathToFileURL(join(import.meta.dirname, "v8-report.ts")).href}`;
  const { MALLOC_ARENA_MAX: _, ...inherited } = process.env;
  const child = spawn(command, args, {
    cwd,
    env: { ...inherited, PATH: `${bin}:${process.env["PATH"]}`, NODE_OPTIONS: report, ...env },
    stdio: ["ignore", file.fd, "inherit"],
  });
  const ended = once(child, "exit");
  await file.close();
  const said = () => readFile(output, "utf8");
  if (until !== undefined) {
    while (child.exitCode === null && !(await until(await said()))) await sleep(20);
    child.kill("SIGTERM");
  }
  const [code] = (await ended) as [number | null];
  const text = await said();
  const found = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? assert.fail(text.slice(-2000));
  return {
    code,
    workers: found(/^V8 workers: (\d+)$/m),
    arenas: found(/^malloc arenas: (.+)$/m),
    flag: (name) => found(new RegExp(`--${name}=(\\S+)$`, "m")),
  };
}

/** What every way to start Talkbox gives V8: one helper thread, and a small nursery. */
function assertLean({ code, workers, flag }: Ran): void {
  assert.deepEqual([code, workers, flag("max-semi-space-size")], [0, "1", "1"]);
}

test("without flags, V8 has other values than those looked for", { skip }, async () => {
  const { code, workers, arenas, flag } = await run(process.execPath, [launcher, "--version"]);
  assert.equal(code, 0);
  assert.deepEqual([arenas, flag("max-semi-space-size"), flag("heap-growing-percent")], ["any", "0", "0"]);
  assert.ok(Number(workers) > 1, `${workers} helper threads`);
});

test("serve collects garbage less often", { skip }, async () => {
  const env = { TALKBOX_DATA: await scratchFolder(), TALKBOX_LOG_LEVEL: "error" };
  // Once it answers it also heeds signals.
  const until = async (said: string): Promise<boolean> => {
    const url = said.includes("metrics") && /http:\/\/[\d.]+:\d+/.exec(said)?.[0];
    return url ? (await fetch(`${url}/ping`)).status > 0 : false;
  };
  const args = ["--max-semi-space-size=1", "--v8-pool-size=1", launcher, "serve", "--port", "0"];
  const served = await run(process.execPath, args, { env, until });
  assert.equal(served.flag("heap-growing-percent"), "200");
  // Of the worker threads that it has by then, none brings helpers of its own.
  assertLean(served);
});

test("the launcher gives its flags to Node, when it is started as a program", { skip }, async () => {
  const started = await run(launcher, ["--version"]);
  assertLean(started);
  assert.equal(started.arenas, "2");
});

test("the launcher of an older Node gives its flags to the Node that it starts", { skip }, async () => {
  assertLean(await run(process.execPath, [launcher, "--version"], { env: { V8_REPORT_OLDER: "20.20.2" } }));
});

test("npm start and npm run demo give their flags to Node", { skip }, async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<"start" | "demo", string>;
  };
  // There may be no build: another program stands where it would be.
  const folder = await scratchFolder();
  await mkdir(join(folder, "dist"));
  await writeFile(join(folder, "dist/talkbox.js"), "");
  const start = await run("sh", ["-c", scripts.start], { cwd: folder });
  assertLean(start);
  assert.equal(start.arenas, "2");
  assert.match(scripts.demo, / demo$/);
  assertLean(await run("sh", ["-c", scripts.demo.replace(/ demo$/, " --version")]));
});

test("the images' entries give their flags to Node, and what is compiled ahead is compiled with the same", {
  skip,
}, async () => {
  const dockerfile = await readFile(join(root, "Dockerfile"), "utf8");
  const entries = [...dockerfile.matchAll(/^ENTRYPOINT (\[.+\])$/gm)].map(
    ([, json]) => JSON.parse(json ?? "") as string[],
  );
  assert.equal(entries.length, 2, "the image with CUDA and the one without");
  const program = join(await scratchFolder(), "talkbox.js");
  await writeFile(program, "");
  for (const [node = "", ...args] of entries) {
    assert.match(node, /\/node_modules\/node\/bin\/node$/);
    assert.equal(args.pop(), "/app/dist/talkbox.js");
    assertLean(await run(process.execPath, [...args, program]));
    const compiling = dockerfile
      .split("\n")
      .filter((line) => line.includes(`${[node, ...args].join(" ")} dist/talkbox.js`));
    assert.equal(compiling.length, 2);
  }
  assert.equal(dockerfile.match(/^ENV .*\bMALLOC_ARENA_MAX=2\b/gm)?.length, 2);
});
