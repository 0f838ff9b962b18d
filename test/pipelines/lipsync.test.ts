import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { handler, type JobResult, run } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { silentLog } from "../../src/log.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { probe } from "../../src/media/probe.ts";
import { liveTempDirs } from "../../src/media/temp.ts";

const root = join(import.meta.dirname, "../..");
const scratch = await mkdtemp(join(tmpdir(), "talkbox-lipsync-"));

function servicesWith(environment: Record<string, string> = {}): Services {
  const env = { ...process.env, TALKBOX_DATA: join(scratch, "data"), ...environment };
  return createServices(readConfig(env, root), silentLog(), { tempRoot: join(scratch, "temp") });
}

const services = servicesWith();
after(async () => {
  await services[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

type LipsyncResult = JobResult & {
  avatar: string;
  resolution: string;
  frame_skip: number;
  frames: number;
  audio_duration: number;
};

async function lipsync(params: object, delivery = "url", own = services): Promise<LipsyncResult> {
  return (await run({ operation: "lipsync", params, output: { delivery } }, { services: own })) as LipsyncResult;
}

async function probeVideo(result: JobResult) {
  const video = result.artifacts.find(({ kind }) => kind === "video");
  assert.ok(video?.url);
  return probe(fileURLToPath(video.url), { ffprobe: (await services.binaries()).ffprobe });
}

const GREETING = "안녕하세요, 면접에 오신 것을 환영합니다.";

test("text becomes a 720p video with sound that a browser plays", async () => {
  const events: JobEvent[] = [];
  const began = performance.now();
  const iteration = handler(
    { operation: "lipsync", params: { text: GREETING }, output: { delivery: "url" } },
    { services },
  );
  let step = await iteration.next();
  for (; !step.done; step = await iteration.next()) events.push(step.value);
  const wall = performance.now() - began;
  const result = step.value as LipsyncResult;

  const { video, audio: sound } = await probeVideo(result);
  assert.deepEqual(
    [video?.codec, video?.width, video?.height, video?.fps, sound?.codec],
    ["h264", 1280, 720, 25, "aac"],
  );
  assert.equal(video?.frames, Math.ceil(result.audio_duration * 25 - 1e-6), "one picture for every 40 ms of sound");
  assert.equal(result.frames, video?.frames);
  assert.ok(Math.abs((video?.start ?? 9) - (sound?.start ?? -9)) <= 0.04, "the tracks start together");
  assert.ok(Math.abs((video?.duration ?? 9) - result.audio_duration) <= 0.04, "the video is as long as the sound");

  const sum = result.receipt.stages.reduce((total, { ms }) => total + ms, result.receipt.queue_ms);
  assert.ok(
    Math.abs(sum - wall) <= 0.05 * wall,
    `the receipt's ${sum.toFixed(0)} ms are the ${wall.toFixed(0)} ms of the wall clock`,
  );
  assert.deepEqual(
    result.receipt.engines.map(({ kind, engine }) => `${kind}/${engine}`),
    ["speech/espeak", "lipsync/rig"],
  );

  const progress = events.filter((event) => event.type === "progress").map((event) => event.progress);
  assert.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
    "progress never falls",
  );
  assert.equal(progress.at(-1), 1, "and ends at 1");
  const stages = events.filter((event) => event.type === "status").map(({ stage }) => stage);
  assert.deepEqual(stages, ["tts", "tts_done", "lipsync"]);

  assert.deepEqual(result.artifacts.map(({ kind, mime }) => `${kind} ${mime}`).toSorted(), [
    "audio audio/wav",
    "subtitles application/x-subrip",
    "subtitles text/vtt",
    "video video/mp4",
  ]);
  for (const artifact of result.artifacts) {
    const bytes = await readFile(fileURLToPath(artifact.url ?? ""));
    assert.equal(bytes.length, artifact.bytes);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), artifact.sha256);
    assert.match(artifact.filename, /^안녕하세요, 면접에_[0-9a-f]{8}\.(mp4|wav|vtt|srt)$/);
    const lifetime = Date.parse(artifact.expires_at ?? "") - Date.now();
    assert.ok(lifetime > 500_000 && lifetime <= 600_000, "ten minutes");
  }
});

const PRESETS: readonly [params: object, expected: [string, number, number, number]][] = [
  [{ quality: "medium" }, ["480p", 2, 854, 480]],
  [{ quality: "low" }, ["360p", 3, 640, 360]],
  [{ quality: "low", resolution: "480p" }, ["480p", 3, 854, 480]],
  [{ quality: "low", frame_skip: 1 }, ["360p", 1, 640, 360]],
  [{ quality: "low", avatar: "new_talk_short_480p" }, ["480p", 3, 854, 480]],
];
for (const [params, [resolution, skip, width, height]] of PRESETS) {
  test(`${JSON.stringify(params)} is ${resolution} with frame skip ${skip}`, async () => {
    const result = await lipsync({ text: "네.", ...params });
    const { video } = await probeVideo(result);
    assert.deepEqual(
      [result.resolution, result.frame_skip, video?.width, video?.height],
      [resolution, skip, width, height],
    );
  });
}

test("auto takes the short loop up to five seconds and the long one above", async () => {
  assert.equal((await lipsync({ text: "네, 반갑습니다.", quality: "low" })).avatar, "new_talk_short");
  const long = await lipsync({ text: `${GREETING} ${GREETING} ${GREETING}`, quality: "low" });
  assert.ok(long.audio_duration > 5);
  assert.equal(long.avatar, "new_talk_long");
});

test("each person speaks with a voice of their own unless another is asked for", async () => {
  const voices = [];
  for (const params of [
    { avatar: "talk_short" },
    { avatar: "new_talk_short" },
    { avatar: "talk_short", tts_voice: "mabel" },
  ]) {
    voices.push((await lipsync({ text: "네.", quality: "low", ...params }))["tts_voice"]);
  }
  assert.deepEqual(voices, ["chadwick", "belinda", "mabel"]);
});

test("an avatar_path is an id, never a path", async () => {
  const result = await lipsync({
    text: "네.",
    quality: "low",
    avatar_path: "precomputed/360p/new_talk_long_360p_precomputed.pkl",
  });
  assert.equal(result.avatar, "new_talk_long");
});

test("webm holds VP9 and Opus", async () => {
  const result = await lipsync({ text: "네.", quality: "low", output_format: "webm" });
  const { video, audio } = await probeVideo(result);
  assert.deepEqual([video?.codec, audio?.codec], ["vp9", "opus"]);
});

test("persist keeps the files for good", async () => {
  const result = await lipsync({ text: "네.", quality: "low", persist: true });
  assert.equal(result["persistent"], true);
  for (const { expires_at, key } of result.artifacts)
    assert.deepEqual([expires_at, key.split("/")[0]], [null, "saved"]);
});

test("inline delivery puts the video into the answer", async () => {
  const result = await lipsync({ text: "네.", quality: "low" }, "inline");
  const video = result.artifacts.find(({ kind }) => kind === "video");
  assert.equal(
    Buffer.from(video?.base64 ?? "", "base64")
      .subarray(4, 8)
      .toString(),
    "ftyp",
  );
  assert.equal(result["video_url"], null);
});

test("what does not fit into the answer goes to the store, whatever was asked for", async () => {
  await using small = servicesWith({ TALKBOX_INLINE_LIMIT: "60000" });
  const result = await lipsync({ text: "네.", quality: "low" }, "inline", small);
  const inlined = result.artifacts.reduce((sum, { base64 }) => sum + (base64?.length ?? 0), 0);
  assert.ok(inlined <= 60_000);
  const stored = result.artifacts.filter(({ url }) => url !== undefined);
  assert.ok(stored.length > 0, "the video is on the disk");
  for (const { url, bytes } of stored) assert.equal((await readFile(fileURLToPath(url ?? ""))).length, bytes);
});

test("sound of the caller's own drives the mouth, by base64 and by URL", async () => {
  const speech = await run(
    { operation: "tts", params: { text: GREETING, output_format: "mp3" }, output: { delivery: "inline" } },
    { services },
  );
  const base64 = speech.artifacts[0]?.base64 ?? "";
  const server = createServer((_request, response) => void response.end(Buffer.from(base64, "base64")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using trusting = servicesWith({ TALKBOX_ALLOW_PRIVATE_URLS: "1" });
  try {
    for (const audio of [base64, `data:audio/mpeg;base64,${base64}`, `http://127.0.0.1:${port}/a.mp3`]) {
      const result = await lipsync({ audio, quality: "low" }, "url", trusting);
      assert.equal(result["tts_engine"], null);
      assert.ok(Math.abs(result.audio_duration - Number(speech["duration"])) < 0.15);
      assert.equal(result.frames, Math.ceil(result.audio_duration * 25 - 1e-6));
    }
  } finally {
    server.close();
  }
});

const REFUSED: readonly [what: string, params: object, code: ErrorCode][] = [
  ["neither text nor audio", {}, "invalid_input"],
  ["both text and audio", { text: "a", audio: "AAAA" }, "invalid_input"],
  ["empty text", { text: "" }, "invalid_input"],
  ["blank text", { text: " \n\t " }, "invalid_input"],
  ["only punctuation", { text: "?!… — «»" }, "invalid_input"],
  ["an unpaired surrogate", { text: "안녕\ud800하세요" }, "invalid_input"],
  ["100,000 characters", { text: "가나다라 ".repeat(20_000) }, "input_too_large"],
  ["an unknown avatar", { text: "네.", avatar: "nobody" }, "not_found"],
  ["an avatar that is a path", { text: "네.", avatar: "../../../etc/passwd" }, "not_found"],
  ["an unknown voice", { text: "네.", tts_voice: "nobody" }, "invalid_input"],
  ["an unknown engine", { text: "네.", engine: "wav3lip" }, "invalid_input"],
  ["an unknown language", { text: "네.", language: "xx" }, "invalid_input"],
  ["audio that is no base64", { audio: "*** not base64 ***" }, "invalid_audio"],
  [
    "audio that is no sound",
    { audio: Buffer.from("this is a text, not a sound ".repeat(50)).toString("base64") },
    "invalid_audio",
  ],
  ["a URL to a private address", { audio: "http://127.0.0.1:9/x.wav" }, "url_refused"],
  ["a URL to the metadata service", { audio: "http://169.254.169.254/latest" }, "url_refused"],
  ["a file URL", { audio: "file:///etc/passwd" }, "url_refused"],
];
for (const [what, params, code] of REFUSED) {
  test(`refused with ${code}: ${what}`, async () => {
    await assert.rejects(lipsync({ quality: "low", ...params }), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, code, error.message);
      assert.ok(error.message.length > 20, "says what to do");
      assert.doesNotMatch(error.message, /node_modules|\/tmp\//, "gives no path away");
      return true;
    });
    assert.deepEqual(
      [...liveTempDirs(), ...(await readdir(join(scratch, "temp")).catch(() => []))],
      [],
      "no temporary file is left",
    );
    assert.deepEqual(liveChildren(), [], "no process is left");
  });
}

test("after the refusals, a job runs", async () => {
  assert.equal((await lipsync({ text: "네.", quality: "low" }))["success"], true);
});
