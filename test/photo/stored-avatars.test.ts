import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { FaceFinder } from "../../src/engines/faces/face-finder.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { avatarName } from "../../src/library/avatar-name.ts";
import { StoredAvatars } from "../../src/library/stored-avatars.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { silence, spoken } from "../rig/speech.ts";
import { ASTRONAUT, MARKS, prepareAstronaut, scratchFolder } from "./astronaut.ts";

const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());
const prepared = join(scratch.path, "prepared");
await mkdir(prepared);
await prepareAstronaut(prepared);
const signal = new AbortController().signal;
let count = 0;

/** A library of its own, and what it logs. */
async function library() {
  const dataDir = join(scratch.path, `data-${count++}`);
  const modelsDir = join(scratch.path, `models-${count}`);
  await mkdir(join(modelsDir, "avatars/drawn"), { recursive: true });
  await writeFile(join(modelsDir, "avatars/drawn/avatar.json"), '{"layers":{}}');
  const warnings: { readonly avatar?: string; readonly reason?: string }[] = [];
  const log: Log = Object.assign(silentLog(), { warn: (fields: object) => void warnings.push(fields) });
  return { avatars: new StoredAvatars({ dataDir, modelsDir, log }), dataDir, modelsDir, warnings };
}

const words = { description: "Somebody", voice: "belinda", overwrite: false };

test("an avatar that is added is found, listed and removed, and nothing is left of it", async () => {
  const { avatars, dataDir } = await library();
  await avatars.add("안나", prepared, words);
  const found = await avatars.find("안나");
  assert.equal(found?.likeness?.profile.description, "Somebody");
  assert.equal(found?.likeness?.profile.voice, "belinda");
  assert.deepEqual(found?.likeness?.profile.marks, MARKS);
  assert.deepEqual(
    (await avatars.all()).map(({ name, shipped }) => [name, shipped]),
    [["안나", false]],
  );
  assert.equal(await avatars.remove("안나"), true);
  assert.equal(await avatars.remove("안나"), false);
  assert.deepEqual(await avatars.all(), []);
  assert.deepEqual(await readdir(join(dataDir, "avatars/.talkbox")), []);
});

test("a name is taken once; overwriting replaces the picture and leaves no other", async () => {
  const { avatars, dataDir } = await library();
  await avatars.add("anna", prepared, words);
  await assert.rejects(avatars.add("anna", prepared, words), { code: "conflict" });
  await assert.rejects(avatars.checkFree("anna", false), { code: "conflict" });
  await avatars.add("anna", prepared, { ...words, description: "New", overwrite: true });
  assert.equal((await avatars.find("anna"))?.likeness?.profile.description, "New");
  assert.equal((await readdir(join(dataDir, "avatars/anna"))).length, 2);
  const both = await Promise.allSettled([avatars.add("ben", prepared, words), avatars.add("ben", prepared, words)]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
});

test("people that come with the models can be neither replaced nor deleted", async () => {
  const { avatars } = await library();
  await assert.rejects(avatars.add("drawn", prepared, { ...words, overwrite: true }), { code: "conflict" });
  await assert.rejects(avatars.remove("drawn"), { code: "conflict" });
});

test("a damaged avatar is left out, and the log says why", async () => {
  const { avatars, dataDir, warnings } = await library();
  await avatars.add("anna", prepared, words);
  for (const name of ["broken", "empty", "headless"]) await mkdir(join(dataDir, "avatars", name));
  await writeFile(join(dataDir, "avatars/broken/avatar.json"), "{");
  await writeFile(join(dataDir, "avatars/headless/avatar.json"), '{"kind":"photo","version":1}');
  assert.deepEqual(
    (await avatars.all()).map(({ name }) => name),
    ["anna"],
  );
  assert.deepEqual(warnings.map(({ avatar = "" }) => avatar).toSorted(), ["broken", "empty", "headless"]);
  assert.ok(warnings.every(({ reason }) => typeof reason === "string" && reason.length > 3));
});

test("names are kept from paths, hidden files and words with a meaning", () => {
  assert.equal(avatarName("  Anna Maria "), "Anna Maria");
  assert.equal(avatarName("../../etc/anna"), "anna");
  for (const name of ["", "..", "auto", "anna_short", "anna_720p", "x.pkl", "a".repeat(61)]) {
    assert.throws(() => avatarName(name), { code: "invalid_input" }, name);
  }
});

test("a photo that lies in the models folder is listed, looked at once and speaks", async () => {
  const { dataDir, modelsDir } = await library();
  await mkdir(join(modelsDir, "avatars/eileen"));
  await copyFile(ASTRONAUT, join(modelsDir, "avatars/eileen/portrait.jpg"));
  let searches = 0;
  const faces: FaceFinder = {
    id: "told",
    availability: async () => ({ available: true }),
    open: async () => ({
      find: async () => {
        searches++;
        return [{ score: 1, marks: MARKS }];
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  await rm(join(modelsDir, "avatars/drawn"), { recursive: true });
  for (let start = 0; start < 2; start++) {
    const engine = createRigEngine({ modelsDir, dataDir, faces });
    assert.deepEqual(
      (await engine.avatars()).map(({ id }) => id),
      ["short", "long"].flatMap((loop) => ["720p", "480p", "360p"].map((size) => `eileen_${loop}_${size}`)),
    );
    let frames = 0;
    engine.prepare?.("eileen", "360p").catch(() => undefined);
    const options = { avatar: "eileen_short", resolution: "360p", fps: 25, frameSkip: 1 } as const;
    for await (const frame of engine.render(spoken(silence(0.2)), options, signal)) {
      frames++;
      frame.release();
    }
    assert.equal(frames, 5);
  }
  assert.equal(searches, 1, "what was found is kept");
});
