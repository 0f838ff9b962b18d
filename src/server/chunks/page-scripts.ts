/** What runs in the browser on the pages of the chunk API, as it is sent. */

/** What all pages need: fields, status, requests, and events that come in a stream. */
export const SHARED_SCRIPT = `
export const at = (id) => document.getElementById(id);

export function fields() {
  const data = Object.fromEntries(new FormData(at("form")));
  if (data.chunk_size) data.chunk_size = Number(data.chunk_size);
  return data;
}

export function say(text, bad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", bad);
}

export function headers(more = {}) {
  const key = at("key").value;
  return { "content-type": "application/json", ...(key ? { authorization: "Bearer " + key } : {}), ...more };
}

export async function failure(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text || "HTTP " + response.status;
  }
}

/** Runs the form's work when it is sent, and shows what goes wrong. */
export function onSend(work) {
  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = at("form").querySelector("button");
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      say("Ошибка: " + error.message, true);
    } finally {
      button.disabled = false;
    }
  });
}

/** The events of a stream, one after the other. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held += value;
    for (let end = held.indexOf("\\n\\n"); end >= 0; end = held.indexOf("\\n\\n")) {
      const data = held.slice(0, end).split("\\n").filter((line) => line.startsWith("data: "));
      held = held.slice(end + 2);
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(6)).join("\\n"));
    }
  }
}

/** A line of the list of chunks: its text and its files. */
export function showChunk(chunk) {
  const item = document.createElement("li");
  item.textContent = chunk.text + " (" + chunk.duration.toFixed(2) + " с) ";
  for (const [name, url] of [["видео", chunk.video_url], ["звук", chunk.audio_url]]) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = name;
    link.target = "_blank";
    item.append(link, " ");
  }
  at("chunks").append(item);
  return item;
}
`;

/** `/`: makes a whole video and offers it for download. */
export const DOWNLOAD_SCRIPT = `
import { at, failure, fields, headers, onSend, say } from "/pages/shared.js";

let shown;
onSend(async () => {
  at("result").hidden = true;
  say("Видео создаётся…");
  const began = performance.now();
  const response = await fetch("/api/generate", { method: "POST", headers: headers(), body: JSON.stringify(fields()) });
  if (!response.ok) throw new Error(await failure(response));
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "avatar.mp4";
  if (shown) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(await response.blob());
  at("video").src = shown;
  at("download").href = shown;
  at("download").download = name;
  at("result").hidden = false;
  say("Готово за " + ((performance.now() - began) / 1000).toFixed(1) + " с");
});
`;

/** `/realtime`: plays the stream while it is made; without MediaSource, one chunk after the other. */
export const REALTIME_SCRIPT = `
import { at, events, failure, fields, headers, onSend, say, showChunk } from "/pages/shared.js";

const video = at("video");
let run = 0;

/** Feeds the stream into the player as it comes. */
async function play(url, type, mine) {
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  video.play().catch(() => say("Нажмите ▶, чтобы начать просмотр"));
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  URL.revokeObjectURL(video.src);
  const buffer = source.addSourceBuffer(/codecs.*/.test(type) ? type : "video/mp4");
  const response = await fetch(url);
  if (!response.ok) throw new Error(await failure(response));
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (mine !== run) return reader.cancel();
    if (done) break;
    buffer.appendBuffer(value);
    await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
  }
  if (source.readyState === "open") source.endOfStream();
}

/** Plays the files of the chunks one after the other. */
function chunkPlayer() {
  const queue = [];
  let busy = false;
  const next = () => {
    const url = queue.shift();
    busy = url !== undefined;
    if (busy) {
      video.src = url;
      video.play().catch(() => say("Нажмите ▶, чтобы начать просмотр"));
    }
  };
  video.onended = next;
  return (url) => {
    queue.push(url);
    if (!busy) next();
  };
}

onSend(async () => {
  const mine = ++run;
  at("chunks").replaceChildren();
  video.onended = null;
  say("Готовится первая секунда…");
  const began = performance.now();
  const body = JSON.stringify(fields());
  const accept = headers({ accept: "text/event-stream" });
  const response = await fetch("/api/stream_chunks", { method: "POST", headers: accept, body });
  if (!response.ok) throw new Error(await failure(response));
  const items = [];
  let playing;
  let chunkwise;
  video.onplaying = () => say("Первый кадр через " + ((performance.now() - began) / 1000).toFixed(2) + " с");
  video.ontimeupdate = () => {
    for (const { item, start, duration } of items) {
      item.toggleAttribute("data-now", video.currentTime >= start && video.currentTime < start + duration);
    }
  };
  for await (const event of events(response)) {
    if (event.type === "error") throw new Error(event.error);
    if (event.type === "stream" && event.stream_type && !playing && !chunkwise) {
      const type = event.stream_type;
      if (window.MediaSource?.isTypeSupported(type)) {
        playing = play(event.stream_url, type, mine).catch((error) => say("Ошибка: " + error.message, true));
      } else chunkwise = chunkPlayer();
    }
    if (event.type === "chunk") {
      items.push({ item: showChunk(event), start: event.start, duration: event.duration });
      chunkwise?.(event.video_url);
    }
    if (event.type === "complete") say("Все куски готовы: " + event.chunks.length + ", " + event.duration.toFixed(1) + " с видео");
  }
  await playing;
});
`;

/** `/api-test`: shows what is sent and what comes back. */
export const API_TEST_SCRIPT = `
import { at, fields, headers, onSend, say, showChunk } from "/pages/shared.js";

onSend(async () => {
  at("result").hidden = true;
  at("chunks").replaceChildren();
  at("response").textContent = "";
  const body = JSON.stringify(fields(), null, 2);
  at("request").textContent = "POST /api/stream_chunks\\nContent-Type: application/json\\n\\n" + body;
  say("Запрос отправлен…");
  const began = performance.now();
  const response = await fetch("/api/stream_chunks", { method: "POST", headers: headers(), body });
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = text;
  }
  const took = ((performance.now() - began) / 1000).toFixed(1);
  at("response").textContent =
    "HTTP " + response.status + "\\n\\n" + (typeof answer === "string" ? answer : JSON.stringify(answer, null, 2));
  say((response.ok ? "Ответ через " : "Ошибка через ") + took + " с", !response.ok);
  if (!response.ok) return;
  for (const chunk of answer.chunks) showChunk(chunk);
  at("result").hidden = false;
});
`;
