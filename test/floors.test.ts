import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** From the top down; an import may go down or stay within its own floor. */
const FLOORS = [
  ["src/cli"],
  ["src/server"],
  ["src/jobs"],
  ["handler"],
  ["src/operations"],
  ["src/pipelines"],
  ["src/engines"],
  ["src/library"],
  ["src/graphs"],
  ["src/inference", "src/checkpoints", "src/signal", "src/media", "src/storage", "src/net", "src/worker"],
  [
    "src/bucket-variables.ts",
    "src/config.ts",
    "src/errors.ts",
    "src/events.ts",
    "src/lanes.ts",
    "src/limits",
    "src/log.ts",
    "src/model-variables.ts",
    "src/speech-variables.ts",
    "src/telemetry.ts",
    "src/variables.ts",
    "src/warm-memory.ts",
  ],
];

/** Packages that have one door. */
const DOORS: readonly { what: RegExp; door: string }[] = [
  { what: /^onnxruntime-node$/, door: "src/inference/" },
  { what: /^(fluent-ffmpeg|@ffmpeg-installer\/.*|@ffprobe-installer\/.*)$/, door: "src/media/" },
  { what: /^@aws-sdk\//, door: "src/storage/" },
  { what: /^(undici|node:dns|node:dns\/promises)$/, door: "src/net/" },
];

/** Files that may start a process: ffmpeg's door, the child that speaks, the launcher, and who asks for a GPU's memory. */
const MAY_SPAWN = ["src/media/", "src/engines/speech/espeak/", "src/cli/talkbox.mjs", "src/inference/gpu-memory.ts"];

type Import = { readonly from: string; readonly what: string };

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const FILES = [...sources("src"), ...sources("handler")];

function importsOf(file: string, text = readFileSync(join(root, file), "utf8")): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\1/g)) {
    const what = match[2] ?? "";
    found.push({ from: file, what: what.startsWith(".") ? normalize(join(dirname(file), what)) : what });
  }
  return found;
}

function floorOf(path: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => path === room || path.startsWith(`${room}/`)));
}

/** Imports that go up, or from one room of a floor into another of the same floor above the ground floor. */
function upward(imports: readonly Import[]): string[] {
  return imports
    .filter(({ what }) => what.startsWith("src/") || what.startsWith("handler/"))
    .filter(({ from, what }) => floorOf(what) < floorOf(from))
    .map(({ from, what }) => `${from} imports ${what}`);
}

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

function secondDoors(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, what }) =>
    DOORS.filter((rule) => rule.what.test(what) && !from.startsWith(rule.door)).map(() => `${from} imports ${what}`),
  );
}

const IMPORTS = FILES.flatMap((file) => importsOf(file));

test("every file stands on a floor", () => {
  assert.deepEqual(
    FILES.filter((file) => floorOf(file) < 0),
    [],
  );
  assert.ok(FILES.length > 30, "the walk found the sources");
});

test("no import goes up", () => {
  assert.deepEqual(upward(IMPORTS), []);
  assert.equal(
    upward(importsOf("src/media/x.ts", 'import { a } from "../pipelines/speech.ts";')).length,
    1,
    "an upward import is seen",
  );
});

test("no imports go in a circle", () => {
  const graph = new Map(FILES.map((file) => [file, importsOf(file).map(({ what }) => what)]));
  assert.deepEqual(cycles(graph), []);
  assert.equal(
    cycles(
      new Map([
        ["a", ["b"]],
        ["b", ["a"]],
      ]),
    ).length,
    1,
    "a circle is seen",
  );
});

test("ONNX Runtime, ffmpeg, the AWS client and the network have one door each", () => {
  assert.deepEqual(secondDoors(IMPORTS), []);
  assert.equal(
    secondDoors([{ from: "src/engines/x.ts", what: "onnxruntime-node" }]).length,
    1,
    "a second door is seen",
  );
});

test("processes are started in few places", () => {
  const starting = IMPORTS.filter(({ what }) => /^(node:)?child_process$/.test(what)).map(({ from }) => from);
  assert.deepEqual(
    starting.filter((file) => !MAY_SPAWN.some((room) => file.startsWith(room))),
    [],
  );
  assert.ok(starting.length > 0, "the search finds what it looks for");
});

test("only the configuration reads the environment", () => {
  const allowed = new Set(["src/config.ts", "src/cli/main.ts", "handler/index.ts"]);
  const readers = FILES.filter((file) => readFileSync(join(root, file), "utf8").includes("process.env"));
  assert.deepEqual(
    // The worker stands alone: it has no configuration of ours to read it for it.
    readers.filter((file) => !allowed.has(file) && !file.startsWith("src/worker/")),
    [],
  );
});

test("no source file has more than 400 lines, and few have more than 300", () => {
  const sizes = FILES.map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }));
  assert.deepEqual(
    sizes.filter(({ lines }) => lines > 400),
    [],
  );
  assert.ok(
    sizes.filter(({ lines }) => lines > 300).length <= 3,
    "at most three files are larger than a room should be",
  );
});
