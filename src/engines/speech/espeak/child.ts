/**
 * The process that holds espeak-ng. It stands alone: `@echogarden/espeak-ng-emscripten` is GPL-3.0 and Talkbox is
 * Apache-2.0, so the two share nothing but the messages of `protocol.ts`. It also contains espeak-ng's state, which is
 * global, and its crashes. Started with the file URL of the package's module, and a seed where what it says is to be the
 * same every time.
 */

import { readFileSync } from "node:fs";
import type { ChildMessage, EspeakEvent, SpeakCommand, Variant } from "./protocol.ts";

/** An event as the package reports it. */
type RawEvent = {
  readonly type: string;
  readonly audio_position: number;
  readonly text_position: number;
  readonly id?: string | number;
};

/** The part of the package that is used; it ships no declarations. */
type Synthesiser = {
  /** 0 is ok; after anything else the previous voice is still set. */
  set_voice(name: string): number;
  set_rate(wordsPerMinute: number): number;
  set_pitch(pitch: number): number;
  set_range(range: number): number;
  set_volume(volume: number): number;
  /** Calls back with views into the WebAssembly heap; a callback that returns 1 ends the sentence. */
  synthesize(ssml: string, callback: (samples: Int16Array | null, events: readonly RawEvent[]) => 0 | 1): void;
};
/** The package, once it stands: the synthesiser and the file system in memory that its data is in. */
type Instance = {
  readonly eSpeakNGWorker: new () => Synthesiser;
  FS_createDataFile(folder: string, name: string, data: Uint8Array, read: boolean, write: boolean, own: boolean): void;
  FS_unlink(path: string): void;
};
type Factory = (options: object) => Promise<Instance>;

/** Milliseconds without a sentence after which the process tries its code. */
const REHEARSAL_DELAY_MS = 30;
const VARIANTS_FOLDER = "/usr/share/espeak-ng-data/voices/!v";
const EVENT_TYPES: ReadonlySet<string> = new Set(["sentence", "word", "phoneme", "mark", "end"]);

/** Loads the package. Its data is handed to it, since it cannot find it itself under every path. */
async function load(moduleUrl: string): Promise<Instance> {
  const loading = import(moduleUrl) as Promise<{ default: Factory }>;
  const data = readFileSync(new URL("espeak-ng.data", moduleUrl));
  const isWhole = data.byteLength === data.buffer.byteLength;
  const bytes = isWhole ? data.buffer : data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  return (await loading).default({ getPreloadedPackage: () => bytes });
}

/** Runs `work` at a fixed time of day, in seconds: espeak-ng seeds its noise with the time at which it starts. */
async function withClock<T>(seconds: number | undefined, work: () => Promise<T>): Promise<T> {
  if (seconds === undefined) return work();
  const { now } = Date;
  Date.now = () => seconds * 1000;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

/** Lines of the variants that were written so far, by name. */
const variants = new Map<string, string>();

/** Puts a variant of ours among espeak-ng's. */
function provide(variant: Variant): void {
  const text = ["language variant", `name ${variant.name}`, ...variant.lines, ""].join("\n");
  if (variants.get(variant.name) === text) return;
  if (variants.has(variant.name)) instance.FS_unlink(`${VARIANTS_FOLDER}/${variant.name}`);
  instance.FS_createDataFile(VARIANTS_FOLDER, variant.name, new TextEncoder().encode(text), true, true, true);
  variants.set(variant.name, text);
}

/** Says one sentence. Nothing may throw in the callback: the rest would be heard at the start of the next one. */
function speak(command: SpeakCommand): ChildMessage {
  if (command.variant) provide(command.variant);
  const code = synthesiser.set_voice(command.voice);
  if (code !== 0) {
    return { type: "failed", id: command.id, reason: "unknown_voice", message: `set_voice answered ${code}` };
  }
  synthesiser.set_rate(command.wordsPerMinute);
  synthesiser.set_pitch(command.pitch);
  synthesiser.set_range(command.range);
  synthesiser.set_volume(100);

  const chunks: Int16Array[] = [];
  const events: EspeakEvent[] = [];
  let length = 0;
  let problem = "";
  synthesiser.synthesize(command.ssml, (samples, raw) => {
    try {
      // The view lies in the heap and is overwritten by the next one, so it is copied.
      if (samples && command.samples) chunks.push(samples.slice());
      length += samples?.length ?? 0;
      for (const event of raw) {
        if (!EVENT_TYPES.has(event.type)) continue;
        events.push({
          type: event.type as EspeakEvent["type"],
          at: event.audio_position,
          position: event.text_position - 1,
          id: typeof event.id === "string" ? event.id : "",
        });
      }
      return 0;
    } catch (error) {
      problem = error instanceof Error ? error.message : "unknown";
      return 1;
    }
  });
  if (problem !== "") return { type: "failed", id: command.id, reason: "synthesis", message: problem };

  const samples = new Int16Array(command.samples ? length : 0);
  let offset = 0;
  for (const chunk of chunks) {
    samples.set(chunk, offset);
    offset += chunk.length;
  }
  return { type: "spoken", id: command.id, samples, milliseconds: (length / 22_050) * 1000, events };
}

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; how a job ends is the parent's business.
process.on("SIGINT", () => {});
const seed = process.argv[3];
const { instance, synthesiser } = await withClock(seed === undefined ? undefined : Number(seed), async () => {
  const made = await load(process.argv[2] ?? "");
  return { instance: made, synthesiser: new made.eSpeakNGWorker() };
});
// Started ahead of time, it uses that time: code that has run once is compiled. A sentence that waits comes first. With
// a seed nothing may come before the first sentence, since the noise goes on where it stopped.
const rehearsal =
  seed === undefined ? setTimeout(() => synthesiser.synthesize("a", () => 0), REHEARSAL_DELAY_MS) : undefined;
process.on("message", (command: SpeakCommand) => {
  clearTimeout(rehearsal);
  try {
    send(speak(command));
  } catch (error) {
    // The state of the heap is unknown after this: say why, and make room for a fresh process.
    console.error(error);
    process.exit(1);
  }
});
send({ type: "ready" });
