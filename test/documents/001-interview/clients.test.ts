import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { OpenAiHost, saying } from "../../chat/openai-host.ts";
import { localServer } from "../../server/local-server.ts";
import { elevenLabs, KEY } from "../../speech/remote/services.ts";
import { withoutBrowser } from "../../studio/browser.ts";
import { clientsOf, videoSeconds, withoutPython, withoutShell } from "../clients/run-client.ts";

const REPLY = "네, 반갑습니다. 자기소개를 부탁드립니다.";
const llm = new OpenAiHost(saying(REPLY));
const llmUrl = await llm.listen();
const eleven = await elevenLabs();

const server = await localServer({
  profile: "interview-2025-01",
  env: {
    LLM_API_URL: `${llmUrl}/chat/completions`,
    LLM_MODEL: "vllm-qwen3-30b-a3b",
    TALKBOX_LLM_TIMEOUT: "300",
    ELEVENLABS_API_KEY: KEY,
    TALKBOX_ELEVENLABS_URL: eleven.url,
  },
});
const clients = await clientsOf(server.url);

type Told = Record<string, unknown>;

/** The events of a stream that a client printed. */
function eventsOf(text: string): Told[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, json = ""]) => JSON.parse(json) as Told);
}

async function isMp4(path: string): Promise<boolean> {
  const bytes = Buffer.from(await (await fetch(server.url + path)).arrayBuffer());
  return bytes.toString("latin1", 4, 8) === "ftyp";
}

const LLM_SOURCE = "LLM API (vllm-qwen3-30b-a3b)";
const HISTORY = `[{ role: "user", content: "면접을 시작합니다." }]`;
/** What the examples for browsers call and leave to the reader. */
const PAGE = `
  var conversationHistory = ${HISTORY};
  var OPENAI_API_KEY = "sk-of-the-page";
  var updateUI = (text) => console.log("ui " + text);
  var updateChatUI = updateUI;
  var updateProgressUI = (stage, message) => console.log("stage " + stage + ": " + message);
  var preloadAudio = (url) => { const audio = new Audio(url); audio.preload = "auto"; console.log("audio " + url); };
  var playVideo = (url) => { document.querySelector("video").src = url; console.log("video " + url); };
`;

describe("001: clients for the command line", { skip: withoutShell }, () => {
  it("001 §1 Request: curl reads the status", async () => {
    const status = JSON.parse((await clients.shell("001-status.sh")).stdout) as Told;
    assert.deepEqual([status["status"], (status["tts_engines"] as string[]).includes("elevenlabs")], ["ok", true]);
  });

  it("001 §2 Request: curl chats with a history and without one, and as a stream", async () => {
    const stateless = JSON.parse((await clients.shell("001-chat.sh")).stdout) as Told;
    assert.deepEqual([stateless["response"], stateless["llm_source"]], [REPLY, LLM_SOURCE]);
    assert.equal((stateless["llm_params"] as Told)["history_count"], 4);
    const legacy = JSON.parse((await clients.shell("001-chat-legacy.sh")).stdout) as Told;
    assert.equal((legacy["llm_params"] as Told)["history_count"], 0);
    const events = eventsOf((await clients.shell("001-chat-stream.sh")).stdout);
    const tokens = events.filter(({ type }) => type === "token").map(({ content }) => content);
    assert.deepEqual([tokens.join(""), events.at(-1)?.["type"], events.at(-1)?.["response"]], [REPLY, "done", REPLY]);
  });

  it("001 §3 Request: curl has ElevenLabs speak", async () => {
    const spoken = JSON.parse((await clients.shell("001-tts.sh")).stdout) as Told;
    assert.deepEqual([spoken["success"], spoken["engine"]], [true, "elevenlabs"]);
    assert.match(eleven.received.at(-1)?.body.toString() ?? "", /반갑습니다/);
    const sound = Buffer.from(await (await fetch(server.url + String(spoken["audio_url"]))).arrayBuffer());
    assert.equal(sound.toString("latin1", 0, 4), "RIFF");
  });

  it("001 §4 Request: curl has a video made, as a stream and at once", async () => {
    const events = eventsOf((await clients.shell("001-lipsync-stream.sh")).stdout);
    assert.deepEqual(
      events.map(({ type, stage }) => stage ?? type),
      ["tts", "tts_done", "lipsync", "done"],
    );
    assert.match(String(events[1]?.["message"]), /^TTS 완료 \(\d+\.\d초\)$/);
    assert.equal(events[3]?.["tts_engine"], "elevenlabs");
    const video = JSON.parse((await clients.shell("001-lipsync.sh")).stdout) as Told;
    assert.ok(await isMp4(String(video["video_url"])));
  });

  it("001 §5 Request: curl has a reply spoken, as a stream and at once", async () => {
    const events = eventsOf((await clients.shell("001-chat-and-lipsync-stream.sh")).stdout);
    const steps = events.map(({ type, stage }) => String(stage ?? type)).filter((step) => step !== "token");
    assert.deepEqual(steps, ["llm", "llm_done", "tts", "tts_done", "lipsync", "done"]);
    const video = JSON.parse((await clients.shell("001-chat-and-lipsync.sh")).stdout) as Told;
    assert.deepEqual([video["response"], await isMp4(String(video["video_url"]))], [REPLY, true]);
  });
});

describe("001: clients in a browser", { skip: withoutBrowser }, () => {
  it("001 §2 JavaScript 사용 예시: the reply grows token by token", async () => {
    const { lines } = await clients.browser("001-chat-stream.js", PAGE);
    const shown = lines.filter((line) => line.startsWith("ui ")).map((line) => line.slice(3));
    assert.ok(shown.length > 3 && shown.every((text) => REPLY.startsWith(text)), shown.join(" | "));
    assert.equal(shown.at(-1), REPLY);
    assert.ok(lines.includes(`LLM Source: ${LLM_SOURCE}`));
    assert.ok(lines.some((line) => line.startsWith("LLM Params: ")));
  });

  it("001 §4 JavaScript 사용 예시: OpenAI's answer becomes a video that plays", async () => {
    const { page, lines } = await clients.browser("001-lipsync-stream.js", PAGE, async (opened) => {
      await opened.route("https://api.openai.com/**", async (route) => {
        // The page asks OpenAI; what answers on this machine speaks its protocol.
        const sent = route.request();
        const answer = await fetch(llmUrl.replace(/\/v1$/, new URL(sent.url()).pathname), {
          method: "POST",
          headers: { "content-type": "application/json", authorization: sent.headers()["authorization"] ?? "" },
          body: sent.postData() ?? "",
        });
        const headers = { "access-control-allow-origin": "*", "content-type": "application/json" };
        await route.fulfill({ status: answer.status, headers, body: await answer.text() });
      });
    });
    assert.equal(llm.requests.at(-1)?.authorization, "Bearer sk-of-the-page");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("stage ")).map((line) => line.split(":")[0]),
      ["stage tts", "stage tts_done", "stage lipsync"],
    );
    assert.ok(lines.some((line) => /^audio \/assets\/audio\/.+\.wav$/.test(line)));
    assert.ok(lines.some((line) => /^소요 시간: [\d.]+ 초$/.test(line)));
    assert.ok((await videoSeconds(page)) > 0.5);
  });

  it("001 §5 JavaScript 사용 예시: a reply is shown while it is written, and then plays", async () => {
    const { page, lines } = await clients.browser("001-chat-and-lipsync-stream.js", PAGE);
    assert.equal(
      lines.findLast((line) => line.startsWith("ui ")),
      `ui ${REPLY}`,
    );
    assert.ok(lines.some((line) => /^LLM 완료: [\d.]+ 초$/.test(line)));
    assert.ok(lines.includes("stage llm: LLM 응답 생성 중..."));
    assert.ok(lines.some((line) => /^총 소요 시간: [\d.]+ 초$/.test(line)));
    assert.ok((await videoSeconds(page)) > 0.5);
  });

  it("001 §7 연결: the page's socket connects and has a video made", async () => {
    const library = join(import.meta.dirname, "../../../node_modules/socket.io-client/dist/socket.io.min.js");
    // A module's names are its own: the events are listened for where every socket begins.
    const before = `${readFileSync(library, "utf8")}
      const connectTo = window.io;
      window.io = (...args) => (window.socket = connectTo(...args));`;
    const { page } = await clients.browser("001-socket.js", before);
    const complete = await page.evaluate(`new Promise((resolve, reject) => {
      socket.on("generation_complete", resolve);
      socket.on("error", ({ error }) => reject(new Error(error)));
      socket.on("connect_error", reject);
      socket.emit("generate", { text: "네.", avatar: "talk_short", resolution: "360p", frame_skip: 3 });
    })`);
    assert.ok(await isMp4(String((complete as Told)["video_url"])));
  });
});

describe("001: clients in Python", { skip: withoutPython }, () => {
  it("001 §2 Python 사용 예시: the reply is printed as it is written", async () => {
    const { stdout } = await clients.python(["001-chat-stream.py"]);
    assert.equal(stdout, `${REPLY}\n\n[완료] LLM: ${LLM_SOURCE}\n`);
  });

  it("001 §4 Python 사용 예시: the answer of OpenAI's own client becomes a video", async () => {
    const { stdout } = await clients.python(["001-lipsync-stream.py"], {
      before: `conversation_history = [{"role": "user", "content": "면접을 시작합니다."}]`,
      env: { OPENAI_BASE_URL: llmUrl },
    });
    assert.equal(llm.requests.at(-1)?.authorization, "Bearer your-api-key");
    const lines = stdout.split("\n").filter((line) => line !== "");
    assert.deepEqual(
      lines.slice(0, 3).map((line) => line.split(" ")[0]),
      ["[tts]", "[tts_done]", "[lipsync]"],
    );
    assert.ok(await isMp4(/^\[완료\] 비디오: (\S+)$/.exec(lines[3] ?? "")?.[1] ?? ""), stdout);
    assert.match(lines[4] ?? "", /^ {7}소요시간: [\d.]+초$/);
  });

  it("001 §5 Python 사용 예시: tokens, stages and the video are printed", async () => {
    const { stdout } = await clients.python(["001-chat-and-lipsync-stream.py"]);
    assert.ok(stdout.includes(REPLY), stdout);
    assert.match(stdout, /\[LLM 완료\] [\d.]+초/);
    assert.match(stdout, /\[상태\] 립싱크 비디오 생성 중\.\.\./);
    assert.ok(await isMp4(/\[완료\] 비디오: (\S+)/.exec(stdout)?.[1] ?? ""));
  });

  it("001 §9 Python 예제 코드: an interview of three turns, then speech and a video, in one program", async () => {
    const { stdout } = await clients.python(["001-stateless.py", "001-speech-and-video.py"]);
    assert.match(stdout, /^모델 로드 상태: True$/m);
    assert.equal(stdout.match(/^면접관: .+$/gm)?.length, 3);
    assert.match(stdout, /^총 대화 턴 수: 3$/m);
    assert.match(stdout, /^오디오 URL: \/assets\/audio\/.+\.wav$/m);
    assert.ok(await isMp4(/^비디오 URL: (\S+)$/m.exec(stdout)?.[1] ?? ""));
  });
});
