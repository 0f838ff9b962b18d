/**
 * Chunk API (document 002): a long text as chunks of video, each saved as soon as it is ready.
 *
 *     npx node examples/chunks.ts "Привет! Это первый кусок. А это второй." chunks/
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const server = process.env["TALKBOX_URL"] ?? "http://localhost:3000";
const [text = "Привет! Это первый кусок видео. А это уже второй.", folder = "chunks"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });

const response = await fetch(`${server}/api/stream_chunks`, {
  method: "POST",
  headers: { "content-type": "application/json", accept: "text/event-stream" },
  body: JSON.stringify({ text, language: "ru", chunk_size: 5 }),
});
if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);

type Told = { type: string; index?: number; text?: string; video_url?: string; duration?: number; error?: string };

let left = "";
for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (left + piece).split("\n");
  left = lines.pop() ?? "";
  for (const line of lines.filter((each) => each.startsWith("data: "))) {
    const event = JSON.parse(line.slice(6)) as Told;
    if (event.type === "error") throw new Error(event.error);
    if (event.type !== "chunk") continue;
    const video = await fetch(new URL(event.video_url ?? "", server));
    const file = join(folder, `${String(event.index).padStart(3, "0")}.mp4`);
    await writeFile(file, Buffer.from(await video.arrayBuffer()));
    console.log(`${file}  ${event.duration?.toFixed(1)} s  ${event.text}`);
  }
}
