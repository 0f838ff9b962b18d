import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const launcher = join(import.meta.dirname, "../../src/cli/talkbox.mjs");
const recording = join(import.meta.dirname, "../cloning/references/arctic-slt-a0009.wav");
let folder = "";
before(async () => (folder = await mkdtemp(join(tmpdir(), "talkbox-cli-voices-"))));
after(() => rm(folder, { recursive: true, force: true }));

type Outcome = { code: number | null; stdout: string; stderr: string };

async function voices(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [launcher, "voices", ...args], {
    cwd: folder,
    env: { ...process.env, TALKBOX_DATA: join(folder, "data") },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

test("a voice is added with progress, listed, not replaced by accident, replaced on request, and removed", async () => {
  const added = await voices("add", recording, "--name", "슬트", "--description", "An Arctic voice");
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^Kept "슬트": 3\.1 s, median pitch 1[89]\d Hz\.\n$/);
  assert.match(added.stderr, /voice +100%/);

  const listed = await voices("list");
  assert.equal(listed.code, 0);
  assert.match(listed.stdout, /^Added\n {2}슬트 +1[89]\d Hz {2}An Arctic voice {2}\(3\.1 s\)\n\nWith the engines\n/);
  assert.match(listed.stdout, /belinda/);
  const json = JSON.parse((await voices("list", "--json")).stdout) as { name: string; kind: string }[];
  assert.deepEqual(
    json.filter(({ kind }) => kind === "reference").map(({ name }) => name),
    ["슬트"],
  );

  const again = await voices("add", recording, "--name", "슬트", "--quiet");
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^talkbox: There is a voice "슬트" already/);
  assert.equal((await voices("add", recording, "--name", "슬트", "--overwrite", "--quiet")).code, 0);

  const removed = await voices("remove", "슬트");
  assert.deepEqual([removed.code, removed.stdout, removed.stderr], [0, 'Removed "슬트".\n', ""]);
  assert.equal((await voices("remove", "슬트")).code, 1);
  assert.match((await voices("list")).stdout, /none yet: talkbox voices add/);
});

test("without a name a voice has its file's", async () => {
  const { code, stdout } = await voices("add", recording);
  assert.equal(code, 0);
  assert.match(stdout, /Kept "arctic-slt-a0009"/);
});

test("what cannot be a voice is refused with a sentence, and nothing is kept", async () => {
  await writeFile(join(folder, "notes.txt"), "hello");
  for (const [file, message] of [
    ["nowhere.wav", /^talkbox: nowhere\.wav was not found or cannot be read\.\n$/],
    [".", /is no file/],
    ["notes.txt", /^talkbox: The audio cannot be decoded\. Send WAV, MP3/],
  ] as const) {
    const { code, stdout, stderr } = await voices("add", file, "--name", "bad", "--quiet");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, message);
  }
  const shipped = await voices("remove", "belinda");
  assert.equal(shipped.code, 1);
  assert.match(shipped.stderr, /ships with Talkbox/);
  assert.ok(!(await readdir(join(folder, "data/voices"))).includes("bad"));
});

for (const args of [["--help"], ["add", "--help"], ["list", "--help"], ["remove", "--help"]]) {
  test(`talkbox voices ${args.join(" ")} explains every option`, async () => {
    const { code, stdout } = await voices(...args);
    assert.equal(code, 0);
    assert.match(stdout, /Usage: talkbox voices/);
    for (const line of stdout.split("\n").filter((text) => /^ {2}-/.test(text))) assert.match(line, /\S {2,}\S/, line);
  });
}

test("an unknown subcommand, a missing file or an unknown option fails and points to the help", async () => {
  for (const args of [["ad"], ["add"], ["list", "--jsn"]]) {
    const { code, stderr } = await voices(...args);
    assert.equal(code, 1);
    assert.match(stderr, /--help/);
  }
});
