import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { ASTRONAUT, scratchFolder } from "./astronaut.ts";

const root = join(import.meta.dirname, "../..");
const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());

function talkbox(...args: string[]) {
  const env = { ...process.env, TALKBOX_DATA: join(scratch.path, "data") };
  const done = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), "avatars", ...args], {
    encoding: "utf8",
    env,
    timeout: 60_000,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test("a photo is added, listed and removed at the terminal", () => {
  const added = talkbox(
    "add",
    ASTRONAUT,
    "--name",
    "eileen",
    "--voice",
    "belinda",
    "--face-box",
    "162,78,112,100",
    "-q",
  );
  assert.equal(added.code, 0, added.err);
  assert.match(added.out, /^Kept "eileen": a photo of 512x512 pixels\./);
  assert.match(talkbox("list").out, /^eileen {2}/m);
  assert.match(talkbox("remove", "eileen").out, /^Removed "eileen"\.$/m);
});

test("what cannot be done is said in a line, with exit code 1", () => {
  for (const [args, message] of [
    [["add", "no-such-file.jpg"], /no-such-file\.jpg was not found/],
    [["add", ASTRONAUT, "--face-box", "1,2,three"], /four numbers, x,y,width,height/],
    [["remove", "new_talk"], /comes with Talkbox/],
  ] as const) {
    const { code, out, err } = talkbox(...args);
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, message);
    assert.doesNotMatch(err, /\n.*\n/);
  }
});
