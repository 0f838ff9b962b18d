import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { localServer } from "../../server/local-server.ts";
import { openBrowser, PATIENCE, withoutBrowser } from "../../studio/browser.ts";

/** What a player went through. */
type Watched = {
  readonly ranges: readonly (readonly [number, number])[];
  readonly waits: number;
  readonly played: number;
  readonly duration: number;
  readonly error: string | null;
};

/** Counts, in the page, how often the player waits between its first picture and its last. */
const WATCH = `(() => {
  const video = document.querySelector("video");
  video.waits = 0;
  video.addEventListener("waiting", () => {
    if (video.currentTime > 0 && !(video.duration - video.currentTime < 0.1)) video.waits++;
  });
})()`;

const READ = `(() => {
  const { buffered, waits, currentTime: played, duration, error } = document.querySelector("video");
  const ranges = Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
  return { ranges, waits, played, duration, error: error && error.message };
})()`;

/** What the page says, and what its player went through, for a failure to tell. */
const SEEN = `({ said: document.querySelector("#status").textContent, ...${READ} })`;

const ENDED = 'document.querySelector("video").ended';

/** Waits for something to become true in a page, whose policy forbids to evaluate texts there again and again. */
async function until(page: Page, expression: string): Promise<void> {
  const patience = Date.now() + 2 * PATIENCE;
  while (!(await page.evaluate(expression))) {
    assert.ok(Date.now() < patience, `${expression} did not become true: ${JSON.stringify(await page.evaluate(SEEN))}`);
    await pause(200);
  }
}

/** Plays a whole stream through MediaSource, handed over piece by piece. */
const play = (url: string, type: string): string => `(async () => {
  const video = document.querySelector("video");
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  const buffer = source.addSourceBuffer(${JSON.stringify(type)});
  const bytes = new Uint8Array(await (await fetch(${JSON.stringify(url)})).arrayBuffer());
  for (let at = 0; at < bytes.length; at += 20000) {
    buffer.appendBuffer(bytes.slice(at, at + 20000));
    await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    if (at === 0) video.play();
  }
  source.endOfStream();
})()`;

function assertOneRange(seen: Watched): void {
  assert.equal(seen.error, null);
  assert.equal(seen.ranges.length, 1, JSON.stringify(seen.ranges));
  const [start = -1, end = -1] = seen.ranges[0] ?? [];
  assert.equal(start, 0);
  assert.ok(Math.abs(end - seen.duration) < 0.05 && Math.abs(seen.played - seen.duration) < 0.05, JSON.stringify(seen));
}

describe("the pages of the chunk API", { skip: withoutBrowser, timeout: 10 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const server = await localServer();
  const browser = await openBrowser();
  const faults: string[] = [];
  const open = async (path: string): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
    context.setDefaultTimeout(2 * PATIENCE);
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(server.url + path);
    if (path === "/realtime") await page.evaluate(WATCH);
    return page;
  };

  it("002 §GET /realtime: plays all chunks while they are made, as one range of MediaSource, and lists them", async () => {
    const page = await open("/realtime");
    await page.fill("#text", "Привет! Это проверка связи. Она совсем короткая.");
    await page.fill("#chunk_size", "5");
    await page.click("button");
    await until(page, ENDED);
    assertOneRange(await page.evaluate(READ));
    assert.deepEqual(faults, []);
    const lines = await page.locator("#chunks li").allTextContents();
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /^Привет! Это проверка связи\. \(\d+\.\d\d с\) видео звук/);
    await page.context().close();
  });

  it("002 §GET /api/stream/{id}.mp4: a browser plays over the borders of chunks without waiting", async () => {
    const body = { text: "Раз, два, три. Четыре, пять, шесть. Семь, восемь, девять.", chunk_size: 5 };
    const made = await server.call("/api/stream_chunks", { body });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.equal((made.body["chunks"] as object[]).length, 3);
    const page = await open("/realtime");
    await page.evaluate(play(String(made.body["stream_url"]), String(made.body["stream_type"])));
    await until(page, ENDED);
    const seen: Watched = await page.evaluate(READ);
    assertOneRange(seen);
    assert.equal(seen.waits, 0);
    await page.context().close();
  });

  it("002 §GET /: makes a video and offers it for download", async () => {
    const page = await open("/");
    await page.fill("#text", "Привет!");
    await page.click("button");
    await page.waitForSelector("#result:not([hidden])");
    await until(page, 'document.querySelector("video").duration > 0.5');
    assert.match((await page.getAttribute("#download", "download")) ?? "", /^avatar_[0-9a-f]{8}\.mp4$/);
    await page.context().close();
  });

  it("002 §GET /api-test: shows the request and the response, errors too", async () => {
    const page = await open("/api-test");
    await page.fill("#text", "Привет!");
    await page.click("button");
    await page.waitForSelector("#result:not([hidden])");
    assert.match((await page.textContent("#request")) ?? "", /"chunk_size": 15/);
    assert.match((await page.textContent("#response")) ?? "", /HTTP 200[^]*"video_url": "\/api\/chunk\/video\//);
    await page.fill("#text", " ");
    await page.click("button");
    await page.waitForSelector("#status.bad");
    assert.match((await page.textContent("#response")) ?? "", /HTTP 400[^]*Не указан текст/);
    await page.context().close();
  });
});
