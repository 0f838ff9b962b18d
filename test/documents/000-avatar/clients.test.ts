import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { localServer, scratchFolder } from "../../server/local-server.ts";
import { withoutBrowser } from "../../studio/browser.ts";
import { clientsOf, videoSeconds, withoutPython, withoutShell } from "../clients/run-client.ts";

const server = await localServer();
const clients = await clientsOf(server.url);

const STAGES = ["[tts] TTS 음성 생성 중...", "[tts_done] TTS 완료", "[lipsync] 립싱크 비디오 생성 중..."];
const isMp4 = (bytes: Buffer): boolean => bytes.toString("latin1", 4, 8) === "ftyp";

/** The events of each stream that a client printed. */
function eventsOf(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, json = ""]) => JSON.parse(json) as Record<string, unknown>);
}

/** Stores a file as a job would. */
async function put(key: string): Promise<void> {
  const path = join(await scratchFolder(), "file");
  await writeFile(path, "a film");
  await (await server.services.store()).put(path, { key, mime: "video/mp4", ttlSeconds: 600 });
}

describe("000: clients for the command line", { skip: withoutShell }, () => {
  it("000 §빠른 시작: the commands run as they stand, and the last one saves a video", async () => {
    await put("realtime/filename.mp4");
    const { stdout, folder } = await clients.shell("000-quick-start.sh");
    assert.match(stdout, /^\{"status":"ok"/);
    const done = eventsOf(stdout).filter(({ type }) => type === "done");
    assert.deepEqual(
      done.map(({ persistent, resolution }) => [persistent, resolution]),
      [
        [false, "720p"],
        [true, "720p"],
        [false, "360p"],
      ],
    );
    // curl takes the braces of the placeholder for a choice of one.
    assert.equal(await readFile(join(folder, "filename.mp4"), "utf8"), "a film");
  });

  it("000 §2 Request: curl's streams by quality and by single parameters end in a video", async () => {
    const { stdout } = await clients.shell("000-lipsync-stream.sh");
    const events = eventsOf(stdout);
    assert.deepEqual(
      events.map(({ type, stage }) => stage ?? type),
      ["tts", "tts_done", "lipsync", "done", "tts", "tts_done", "lipsync", "done"],
    );
    for (const { video_url } of events.filter(({ type }) => type === "done")) {
      const video = await fetch(server.url + String(video_url));
      assert.ok(isMp4(Buffer.from(await video.arrayBuffer())));
    }
  });

  it("000 §2 Request: curl's synchronous calls are answered with a video for a while and one for good", async () => {
    const { stdout } = await clients.shell("000-lipsync.sh");
    const [once, kept] = stdout
      .split(/(?<=\})(?=\{"success)/)
      .map((json) => JSON.parse(json) as Record<string, unknown>);
    assert.match(String(once?.["video_path"]), /^results\/realtime\/안녕하세요_[0-9a-f]{8}\.mp4$/);
    assert.match(String(kept?.["video_path"]), /^results\/saved\/안녕하세요_[0-9a-f]{8}\.mp4$/);
  });

  it("000 §3 Request: curl keeps a video", async () => {
    await put("realtime/output_xxx.mp4");
    const { stdout } = await clients.shell("000-video-save.sh");
    assert.deepEqual(JSON.parse(stdout), {
      success: true,
      saved_url: "/video/output_xxx.mp4",
      message: "파일이 영구 저장되었습니다",
    });
  });

  it("000 §API 목록: curl reads the status, engines, avatars and the queue", async () => {
    const answers: Record<string, unknown>[] = [];
    for (const name of ["status", "tts-engines", "avatars", "queue-status"]) {
      answers.push(JSON.parse((await clients.shell(`000-${name}.sh`)).stdout) as Record<string, unknown>);
    }
    const [status, engines, avatars, queue] = answers;
    assert.equal(status?.["status"], "ok");
    assert.ok(Array.isArray(engines) && engines.length >= 2);
    assert.ok(Array.isArray(avatars?.["avatars"]));
    assert.equal(queue?.["queue_size"], 0);
  });

  it("000 §클라이언트 코드 예시: the script for bash downloads what it had made", async () => {
    const { folder } = await clients.shell("000-client.sh");
    assert.ok(isMp4(await readFile(join(folder, "output.mp4"))));
  });
});

it("000 §클라이언트 코드 예시: the script for browsers shows the stages and plays the video", {
  skip: withoutBrowser,
}, async () => {
  const { page, lines } = await clients.browser("000-browser.js", "");
  assert.deepEqual(lines.slice(0, 3), STAGES);
  assert.match(lines[3] ?? "", /^완료: \/video\/.+\.mp4 영구저장: false$/);
  const seconds = await videoSeconds(page);
  assert.ok(seconds > 0.4 && seconds < 5, `${seconds} s`);
});

it("000 §클라이언트 코드 예시: the Python client makes one video for a while and one for good", {
  skip: withoutPython,
}, async () => {
  const { stdout } = await clients.python(["000-client.py"]);
  const lines = stdout.trim().split("\n");
  const [once, kept] = [lines.slice(0, 5), lines.slice(5)];
  assert.deepEqual([once.slice(0, 3), kept.slice(0, 3)], [STAGES, STAGES]);
  assert.match(once[3] ?? "", /^완료: \/video\/.+\.mp4 \(영구저장: False\)$/);
  assert.match(kept[3] ?? "", /^완료: \/video\/.+\.mp4 \(영구저장: True\)$/);
  const [, url = ""] = /^비디오 URL: (\S+) \(영구 저장됨\)$/.exec(kept[4] ?? "") ?? [];
  const video = await fetch(server.url + url);
  assert.ok(isMp4(Buffer.from(await video.arrayBuffer())));
});
