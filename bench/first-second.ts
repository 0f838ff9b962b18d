/**
 * Time from a request to the first second of video that can be played, over HTTP: a sentence of fifteen words at 480p,
 * by `POST /api/generate_stream`. A server in this process, warmed up.
 * Usage: node bench/first-second.ts [rounds]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../src/config.ts";
import { silentLog } from "../src/log.ts";
import { openServer } from "../src/server/open-server.ts";
import { median } from "./process-tree.ts";

const SENTENCES = {
  ru: "Добрый день, мы рады видеть вас сегодня на нашей встрече и готовы ответить на вопросы.",
  en: "Good morning, we are glad to see you at our meeting today and answer your questions.",
} as const;
/** Ticks of the stream's clock in a second. */
const TIMESCALE = 48_000;

const rounds = Number(process.argv[2] ?? 5);
const data = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const config = readConfig({ PATH: process.env["PATH"], TALKBOX_DATA: data }, join(import.meta.dirname, ".."));
const server = await openServer({ config, log: silentLog(), port: 0, host: "127.0.0.1", version: "bench" });
await server.readiness.warm;

/** Milliseconds to the first byte, the first fragment, and the end of the fragment that completes the first second. */
async function measure(language: keyof typeof SENTENCES): Promise<readonly [number, number, number]> {
  const start = performance.now();
  const body = JSON.stringify({ text: SENTENCES[language], language });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/api/generate_stream`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(await response.text());
  let held = Buffer.alloc(0);
  let at = 0;
  const times: number[] = [];
  let [byte, fragment, second] = [0, 0, 0];
  for await (const piece of response.body ?? []) {
    const now = performance.now() - start;
    byte ||= now;
    held = Buffer.concat([held, piece]);
    // Boxes that are whole: a fragment is there when the data after its head is.
    while (held.length >= at + 8 && held.length >= at + held.readUInt32BE(at)) {
      const kind = held.toString("latin1", at + 4, at + 8);
      const size = held.readUInt32BE(at);
      if (kind === "moof") {
        const time = held.indexOf("tfdt", at);
        times.push(Number(held.readBigUInt64BE(time + 8)));
      }
      // Eight pictures last for 15,360 ticks.
      if (kind === "mdat") {
        fragment ||= now;
        if ((times.at(-1) ?? 0) + 15_360 >= TIMESCALE) second ||= now;
      }
      at += size;
    }
  }
  return [byte, fragment, second];
}

try {
  for (const language of Object.keys(SENTENCES) as (keyof typeof SENTENCES)[]) {
    await measure(language);
    const runs: (readonly [number, number, number])[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await measure(language));
    const of = (index: 0 | 1 | 2): string => median(runs.map((run) => run[index])).toFixed(0);
    const best = Math.min(...runs.map((run) => run[2])).toFixed(0);
    console.log(
      `${language}: first byte ${of(0)} ms, first 320 ms of video ${of(1)} ms, first second ${of(2)} ms (best ${best})`,
    );
  }
} finally {
  await server.close(0);
  rmSync(data, { recursive: true, force: true });
}
process.exit();
