/**
 * Avatar API (document 000): has an avatar say a text, tells how far it is, and saves the video.
 *
 *     npx node examples/avatar.ts "안녕하세요, 반갑습니다." hello.mp4
 */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const server = process.env["TALKBOX_URL"] ?? "http://localhost:5000";
const [text = "안녕하세요, 반갑습니다.", file = "hello.mp4"] = process.argv.slice(2);

const response = await fetch(`${server}/api/v2/lipsync/stream`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ text, avatar: "auto", quality: "low" }),
});
if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);

let left = "";
for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (left + piece).split("\n");
  left = lines.pop() ?? "";
  for (const line of lines.filter((each) => each.startsWith("data: "))) {
    const event = JSON.parse(line.slice(6)) as { type: string; message?: string; video_url?: string };
    if (event.type === "status") console.log(event.message);
    if (event.type === "error") throw new Error(event.message);
    if (event.type === "done") await save(new URL(event.video_url ?? "", server));
  }
}

async function save(url: URL): Promise<void> {
  const video = await fetch(url);
  if (!video.ok || !video.body) throw new Error(`${url.pathname}: ${video.status}`);
  await pipeline(Readable.fromWeb(video.body), createWriteStream(file));
  console.log(`saved ${file}`);
}
