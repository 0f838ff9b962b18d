import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { type JobResult, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { meshFinder } from "../../src/engines/faces/mesh/mesh-finder.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { ASTRONAUT, scratchFolder } from "./astronaut.ts";

const root = join(import.meta.dirname, "../..");
const scratch = await scratchFolder();
const dataDir = join(scratch.path, "data");
const config = readConfig({ ...process.env, TALKBOX_DATA: dataDir }, root);
const services = createServices(config, silentLog(), { tempRoot: join(scratch.path, "temp") });
after(async () => {
  await services[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const image = (await readFile(ASTRONAUT)).toString("base64");
const FACE = [162, 78, 112, 100];
const { available } = await meshFinder.availability();

type Fields = JobResult & Readonly<Record<string, unknown>>;
const job = (operation: string, params: object): Promise<Fields> =>
  run({ operation, params, output: { delivery: "url" } }, { services });

async function refused(operation: string, params: object, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(job(operation, params), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

const ids = async (): Promise<string[]> =>
  ((await job("list_avatars", {}))["avatars"] as { id: string }[]).map(({ id }) => id);

test("an uploaded photo is listed, speaks under every form of its name, and can be deleted", async () => {
  const kept = await job("upload_avatar", { image, name: "eileen", voice: "chadwick", face_box: FACE });
  assert.equal(kept["kind"], "photo");
  assert.equal(kept["found_by"], available ? "mesh" : "boxes");
  assert.deepEqual(kept["avatars"], ["eileen_short", "eileen_long"]);
  assert.ok((await ids()).includes("eileen_long_480p"));
  const text = "Hello!";
  for (const [avatar, shown, size] of [
    ["eileen", "eileen_short", "720p"],
    ["eileen_long_360p", "eileen_long", "360p"],
    ["/app/precomputed/eileen_short_360p_precomputed.pkl", "eileen_short", "360p"],
  ] as const) {
    const video = await job("lipsync", { text, avatar, quality: "high" });
    assert.deepEqual([video["avatar"], video["resolution"], video["tts_voice"]], [shown, size, "chadwick"]);
  }
  await refused("upload_avatar", { image, name: "eileen" }, "conflict", /overwrite/);
  assert.equal((await job("delete_avatar", { name: "eileen" }))["success"], true);
  assert.ok(!(await ids()).some((id) => id.startsWith("eileen")));
  await refused("lipsync", { text, avatar: "eileen" }, "not_found", /new_talk_short/);
  await refused("delete_avatar", { name: "eileen" }, "not_found", /no stored avatar/);
});

test("a photo that a job brings speaks and is not kept", async () => {
  const before = await ids();
  const video = await job("lipsync", { text: "Hello!", avatar_image: image, face_box: FACE, quality: "low" });
  assert.deepEqual([video["avatar"], video["resolution"], video["engine"]], ["photo_short", "360p", "rig"]);
  assert.deepEqual(await ids(), before);
});

test("what is not clear or not there is refused with a word on what to do", async () => {
  const text = "Hello!";
  await refused("upload_avatar", { name: "x" }, "invalid_input", /image.*video/);
  await refused("upload_avatar", { image, video: image, name: "x" }, "invalid_input", /image.*video/);
  await refused("upload_avatar", { image, name: "new_talk" }, "conflict", /comes with Talkbox/);
  await refused("upload_avatar", { image, name: "x_720p" }, "invalid_input", /_720p/);
  await refused("upload_avatar", { image, name: "x", voice: "nobody at all" }, "invalid_input", /nobody at all/);
  await refused("upload_avatar", { image: "%%%", name: "x" }, "invalid_input", /base64/);
  await refused("upload_avatar", { image: "aGVsbG8gaGVsbG8=", name: "x" }, "invalid_input", /JPEG, PNG/);
  await refused("upload_avatar", { video: image, name: "x" }, "invalid_input", /video/);
  await refused("delete_avatar", { name: "talk" }, "conflict", /cannot be deleted/);
  await refused("lipsync", { text, avatar_image: image, avatar: "talk" }, "invalid_input", /Leave it out/);
  await refused("lipsync", { text, avatar_image: image, avatar_video: image }, "invalid_input", /not both/);
  await refused("lipsync", { text, face_box: FACE }, "invalid_input", /belongs to avatar_image/);
  await refused("lipsync", { text, avatar_image: image, face_box: [0, 0, 600, 600] }, "invalid_input", /outside/);
  await refused("lipsync", { text, avatar_image: image, mouth_box: [1, 2, 3] }, "invalid_input", /mouth_box/);
});

test("nothing is left behind", async () => {
  assert.deepEqual(liveTempDirs(), []);
  assert.equal(liveChildren().length, 0);
  assert.deepEqual(await readdir(join(scratch.path, "temp")), []);
  const left = await readdir(join(dataDir, "avatars")).catch(() => []);
  assert.deepEqual(
    left.filter((name) => !name.startsWith(".")),
    [],
  );
});
