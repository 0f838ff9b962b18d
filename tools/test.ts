/**
 * Runs the tests: `npm test [-- FILTER…]`, where a filter is a part of a test file's path. Says what this machine cannot
 * run and the one command that adds it; with TALKBOX_TEST_ALL=1 it fails instead of leaving something out.
 * TALKBOX_TEST_PROVIDERS=cuda,webgpu runs the suites of networks there, on one after the other.
 *
 * With TALKBOX_TEST_AGAIN=1 a few files that failed are run once more, one after the other, and what passes then is
 * named: on a machine that others use too, a test may be starved. One that fails twice has failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What some tests need beyond npm. */
const EXTRAS = [
  {
    name: "the system's ffmpeg",
    needed: "every media test on it, besides the ffmpeg from npm",
    present: onPath("ffmpeg"),
    add: "apt-get install -y ffmpeg",
  },
  {
    name: "a browser",
    needed: "pages and streams as Chromium shows and plays them",
    present: existsSync(process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"),
    add: "apt-get install -y chromium, or CHROMIUM_PATH=…",
  },
  {
    name: "bash, curl and jq",
    needed: "the documents' examples for the command line, as they stand",
    present: ["bash", "curl", "jq"].every(onPath),
    add: "apt-get install -y curl jq",
  },
  {
    name: "Python with requests and openai",
    needed: "the documents' Python clients, as they stand",
    present: existsSync(join(root, "node_modules/.cache/clients/bin/python")),
    add: "python3 -m venv node_modules/.cache/clients && node_modules/.cache/clients/bin/pip install requests==2.32.5 openai==1.109.1",
  },
  {
    name: "moto's S3 server, which is Python",
    needed: "the bucket's driver on a server that is not ours and keeps rules (the others run on ours and on s3rver)",
    present: existsSync(join(root, "node_modules/.cache/moto/bin/moto_server")),
    add: "python3 -m venv node_modules/.cache/moto && node_modules/.cache/moto/bin/pip install 'moto[s3,server]==5.2.5'",
  },
];

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((folder) => folder !== "" && existsSync(join(folder, program)));
}

/** Files that are run again; where more failed, the tree is broken. */
const MOST_AGAIN = 4;

type Ran = { readonly status: number; readonly failed: readonly string[] };

/** Runs test files on each provider that is asked for. */
function run(files: readonly string[], atOnce: number): Ran {
  const providers = (process.env["TALKBOX_TEST_PROVIDERS"] ?? "cpu").split(",").map((name) => name.trim());
  const turns = providers.map((provider) => {
    if (providers.length > 1) console.log(`\nWith networks on ${provider}:\n`);
    return runOn(provider, files, atOnce);
  });
  const failed = new Set(turns.flatMap((turn) => turn.failed));
  return { status: turns.find(({ status }) => status !== 0)?.status ?? 0, failed: [...failed] };
}

/** Runs test files, so many at once. @returns the exit status, and the files with failures */
function runOn(provider: string, files: readonly string[], atOnce: number): Ran {
  const folder = mkdtempSync(join(tmpdir(), "talkbox-tests-"));
  const list = join(folder, "failed");
  const reporters = [
    ["--test-reporter=spec", "--test-reporter-destination=stdout"],
    [`--test-reporter=${join(root, "tools/failed-files.mjs")}`, `--test-reporter-destination=${list}`],
  ].flat();
  const { status } = spawnSync(process.execPath, ["--test", `--test-concurrency=${atOnce}`, ...reporters, ...files], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TALKBOX_TEST_PROVIDERS: provider },
  });
  const named = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  rmSync(folder, { recursive: true, force: true });
  const failed = named.filter((file) => file !== "").map((file) => relative(root, resolve(root, file)));
  return { status: status ?? 1, failed };
}

const filters = process.argv.slice(2);
const files = readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .toSorted();
if (files.length === 0) {
  console.error(`No test file matches ${filters.join(", ")}.`);
  process.exit(1);
}

const missing = EXTRAS.filter(({ present }) => !present);
const strict = process.env["TALKBOX_TEST_ALL"] === "1";
const first = run(files, 2);
const few = first.failed.length > 0 && first.failed.length <= MOST_AGAIN;
// A test that a suite of several files' defines is named by the suite's file, which is none that can be run.
const known = first.failed.every((file) => files.includes(file));
const again = process.env["TALKBOX_TEST_AGAIN"] === "1" && few && known;
if (again) console.log(`\nOnce more, one after the other:\n${first.failed.join("\n")}\n`);
const { status, failed } = again ? run(first.failed, 1) : first;
if (again && status === 0)
  console.log(`\nUNSTEADY, to be looked at: failed beside others and passed alone:\n${first.failed.join("\n")}`);
else if (status !== 0) console.log(`\nFailed:\n${failed.join("\n")}`);
for (const { name, needed, add } of missing)
  console.log(`\nLeft out, for want of ${name}: ${needed}. To add it: ${add}`);
if (missing.length === 0 && filters.length === 0) console.log("\nNothing was left out.");
if (strict && missing.length > 0) console.log("TALKBOX_TEST_ALL is set: leaving something out is a failure.");
process.exitCode = strict && missing.length > 0 ? 1 : status;
