/**
 * Runs the tests of networks and the benchmarks on a GPU and writes what came of it to `docs/gpu.md`, with the date, the
 * device and the commit: without these there are no figures. Where no GPU works the page says that it was not run, unless
 * it has results already.
 * Usage: npm run gpu-check [-- --providers cuda,webgpu] [--device "a GPU that nvidia-smi does not know"] [--stdout]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inferenceThreads } from "../src/inference/inference-threads.ts";
import { probeProvider, providerRemedy, readProviders } from "../src/inference/providers.ts";
import { type Provider, PROVIDERS } from "../src/inference/tensor.ts";
import { type Origin, originOf } from "./figures-origin.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const page = join(root, "docs/gpu.md");

/** Folders of tests that look at TALKBOX_TEST_PROVIDERS. */
const TESTS = ["test/inference", "test/graphs", "test/wav2lip", "test/rvc"];
/** Benchmarks that look at TALKBOX_PROVIDERS, and what they are given. */
const BENCHES: readonly { readonly file: string; readonly args: readonly string[] }[] = [
  { file: "bench/inference.ts", args: [] },
  { file: "bench/wav2lip.ts", args: [] },
  // Without the reference: a vocal of four minutes.
  { file: "bench/rvc.ts", args: ["", "", "3", "240"] },
];
const BENCH_TIMEOUT_MS = 20 * 60_000;

const { values } = parseArgs({
  options: {
    providers: { type: "string", default: "cuda,webgpu" },
    /** What the GPU is called, where nvidia-smi does not say. */
    device: { type: "string", default: "" },
    /** Prints the page and writes nothing. */
    stdout: { type: "boolean", default: false },
  },
});

type Outcome = {
  readonly provider: Provider;
  readonly state: string;
  readonly tests: string;
  readonly benches: string[];
};

const asked = values.providers.split(",").map((name) => {
  const provider = PROVIDERS.find((known) => known === name.trim());
  if (!provider) throw new Error(`There is no provider "${name}". Known: ${PROVIDERS.join(", ")}.`);
  return provider;
});
const states = new Map<Provider, string>();
for (const provider of asked) states.set(provider, await probe(provider));
const ran = [...states.values()].includes("works");
// Said before hours of figures that would belong to nothing.
const origin = ran
  ? originOf({
      gpu: values.device || ask("nvidia-smi", ["--query-gpu=name,driver_version", "--format=csv,noheader"]),
      processor: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
      commit: ask("git", ["rev-parse", "--short", "HEAD"]),
      changes: ask("git", ["status", "--porcelain", "--", "src", "bench", "test"]),
    })
  : undefined;
const outcomes = [...states].map(([provider, state]) => check(provider, state));
const text = report(outcomes, origin);
if (values.stdout) process.stdout.write(text);
else if (!ran && existsSync(page) && !readFileSync(page, "utf8").includes("**not run**")) {
  console.error("No GPU works here; docs/gpu.md has results of another machine and stays as it is.");
  process.exitCode = 1;
} else {
  writeFileSync(page, text);
  console.log(`Wrote docs/gpu.md: ${ran ? "see there" : "not run"}.`);
}
if (outcomes.some(({ tests }) => tests.includes("failed"))) process.exitCode = 1;

function check(provider: Provider, state: string): Outcome {
  if (state !== "works") return { provider, state, tests: "not run", benches: [] };
  console.log(`${provider}: running ${TESTS.join(", ")}`);
  const tests = runTests(provider);
  const benches = BENCHES.map(({ file, args }) => {
    console.log(`${provider}: running ${file}`);
    return `${file}\n${runBench(provider, file, args)}`;
  });
  return { provider, state, tests, benches };
}

async function probe(provider: Provider): Promise<string> {
  // Without a graphics device Vulkan may draw on the processor, which is no GPU to have figures of.
  const missing = readProviders("").passedOver.find((each) => each.provider === provider);
  if (missing) return missing.reason;
  await using use = await inferenceThreads.use(provider);
  const state = await probeProvider(use.thread, provider);
  return state.works ? "works" : `${state.reason} ${providerRemedy({ provider, reason: state.reason })}`;
}

/** `123 passed`, or how many did and which did not. */
function runTests(provider: Provider): string {
  const env = { ...process.env, TALKBOX_TEST_PROVIDERS: provider };
  const files = TESTS.filter((folder) => existsSync(join(root, folder))).map((folder) => `${folder}/**/*.test.ts`);
  const { stdout, status } = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=1", "--test-timeout=600000", "--test-reporter=tap", ...files],
    { cwd: root, env, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
  );
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
  if (status === 0) return `${count("pass")} passed`;
  const names = [...stdout.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name]) => name);
  return `${count("pass")} passed, ${count("fail") + count("cancelled")} failed: ${names.join("; ")}`;
}

function runBench(provider: Provider, file: string, args: readonly string[]): string {
  if (!existsSync(join(root, file))) return "not there";
  const { stdout, stderr, status } = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    env: { ...process.env, TALKBOX_PROVIDERS: `${provider},cpu` },
    encoding: "utf8",
    timeout: BENCH_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return status === 0 ? stdout.trimEnd() : `failed: ${stderr.trim().split("\n").slice(-5).join("\n")}`;
}

function report(all: readonly Outcome[], from: Origin | undefined): string {
  const head = [
    "# On a GPU",
    "",
    "Written by `npm run gpu-check`, which runs the tests of networks and the benchmarks on each provider of ONNX Runtime that",
    "has the GPU compute. How to give a machine what they need: [deploy](deploy.md); what is missing on one: `npx talkbox doctor`.",
    "",
  ];
  if (!from) {
    return [
      ...head,
      "State: **not run**. No GPU could be had so far. The same tests pass on the CPU in every `npm test`.",
      "",
      "What WebGPU computes, not how fast, was compared on the processor: with Mesa's software Vulkan (25.0) the tests of batches,",
      "of memory and of Wav2Lip in pieces (`test/wav2lip/pieces.test.ts`) pass with `TALKBOX_TEST_PROVIDERS=webgpu`, and the",
      "graphs of S3FD and Wav2Lip give what PyTorch gives; two conversions with RVC voices (of `test/rvc/conversion.test.ts`), one",
      "with an index, are within −40 dBFS of the reference's.",
      "",
      "| what | on a GPU |",
      "| - | - |",
      ...TESTS.map((folder) => `| \`${folder}\` with \`TALKBOX_TEST_PROVIDERS=${values.providers}\` | not run |`),
      ...BENCHES.map(({ file }) => `| \`${file}\` | not run |`),
      "",
    ].join("\n");
  }
  const rows = all.map(({ provider, state, tests }) => `| ${provider} | ${oneLine(state)} | ${oneLine(tests)} |`);
  return [
    ...head,
    `Date: ${from.date}. Device: ${from.device}. Commit: ${from.commit}.`,
    "",
    "| provider | state | tests |",
    "| - | - | - |",
    ...rows,
    ...all.flatMap(({ provider, benches }) =>
      benches.length === 0 ? [] : ["", `## ${provider}`, ...benches.flatMap((each) => ["", "```text", each, "```"])],
    ),
    "",
  ].join("\n");
}

const oneLine = (said: string): string => said.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");

function ask(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}
