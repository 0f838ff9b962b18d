import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { AppError } from "../../../errors.ts";
import { type Box, faceBox, mapMarks } from "../../../library/face-marks.ts";
import { FACE_TIMEOUT_MS } from "../../../limits/inputs.ts";
import type { Availability } from "../../engine.ts";
import type { FaceFinder, FaceSession, FoundFace, RgbPicture } from "../face-finder.ts";
import { marksOf, plausible } from "./mesh-marks.ts";
import type { FindCommand, FindReply } from "./protocol.ts";

/**
 * Longest side, in pixels, of what the network is shown. It looks for faces in 256 of them; its answers are whole pixels,
 * so a face that is measured is shown larger.
 */
const SEARCHED = 512;
const MEASURED = 960;
/** Room around a box that is searched, and around a face that is looked at again, in its larger side. */
const ROOM = 0.45;
/** Least score of a face. A cat that is looked at from near reaches 0.65. */
const LEAST_SCORE = 0.8;
/** Parts of a picture that are searched for small faces when the whole shows none: left, top and size, 0…1. */
const PARTS: readonly Box[] = [
  [0.2, 0.1, 0.6, 0.6],
  [0, 0, 0.55, 0.55],
  [0.45, 0, 0.55, 0.55],
  [0, 0.45, 0.55, 0.55],
  [0.45, 0.45, 0.55, 0.55],
];

const REMEDY =
  "Install it with `npm install @vladmandic/human@3.3.6`, or say where the face is with `face_box` and `mouth_box`.";

/** Beside this file as source; beside the bundle, under the name that the build gives it, in production. */
function workerEntry(): URL {
  const here = fileURLToPath(import.meta.url);
  return pathToFileURL(join(dirname(here), here.endsWith(".ts") ? "worker.ts" : "face-worker.js"));
}

class MeshSession implements FaceSession {
  readonly #worker: Worker;
  readonly #signal: AbortSignal;
  /** One picture after the other. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.#worker = new Worker(workerEntry(), { execArgv: [], stdout: false });
    // A thread that ends by an error nobody waits for must not end the process.
    this.#worker.on("error", () => undefined);
    this.#worker.unref();
  }

  async find(picture: RgbPicture, near?: Box): Promise<readonly FoundFace[]> {
    const found = this.#line.then(() => this.#find(picture, near));
    this.#line = found.catch(() => undefined);
    return found;
  }

  async #find(picture: RgbPicture, near: Box | undefined): Promise<readonly FoundFace[]> {
    const whole: Box = near ? roomy(near, picture) : [0, 0, picture.width, picture.height];
    let faces = await this.#look(picture, whole, SEARCHED);
    for (const part of near ? [] : PARTS) {
      if (faces.length > 0) break;
      const { width: w, height: h } = picture;
      faces = await this.#look(picture, [part[0] * w, part[1] * h, part[2] * w, part[3] * h], SEARCHED);
    }
    const rated = near
      ? faces.map((face) => ({ face, rate: overlap(faceBox(face.marks), near) })).filter(({ rate }) => rate > 0.05)
      : faces.map((face) => ({ face, rate: area(faceBox(face.marks)) }));
    const sorted = rated.toSorted((a, b) => b.rate - a.rate).map(({ face }) => face);
    const [first, ...others] = sorted;
    if (!first) return [];
    // Looked at again from near: points are whole pixels of what is shown.
    const again = await this.#look(picture, roomy(faceBox(first.marks), picture), MEASURED);
    const box = faceBox(first.marks);
    const closer = again.find(({ marks }) => overlap(faceBox(marks), box) > 0.4);
    return [closer ?? first, ...others];
  }

  /** Faces in a part of the picture. */
  async #look(picture: RgbPicture, part: Box, seen: number): Promise<readonly FoundFace[]> {
    const cut = wholePixels(picture, part);
    const scale = seen / Math.max(cut.width, cut.height);
    const width = Math.max(1, Math.round(cut.width * scale));
    const height = Math.max(1, Math.round(cut.height * scale));
    const { default: sharp } = await import("sharp");
    const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
    const scaled = await sharp(picture.data, { raw })
      .extract(cut)
      .resize(width, height, { fit: "fill" })
      .raw()
      .toBuffer();
    // Its memory is given away with the message, and a small buffer may be a part of one that others use.
    const rgb = new Uint8Array(scaled);
    const reply = await this.#ask({ width, height, rgb });
    if ("failure" in reply) {
      throw new AppError(
        "engine_failed",
        "The face finder failed on this picture. Say where the face is with `face_box`.",
        {
          cause: new Error(reply.failure),
        },
      );
    }
    return reply.faces
      .map(({ score, mesh }) => ({
        score,
        marks: mapMarks(marksOf(mesh), ([x, y]) => [
          cut.left + ((x + 0.5) * cut.width) / width,
          cut.top + ((y + 0.5) * cut.height) / height,
        ]),
      }))
      .filter(({ score, marks }) => score >= LEAST_SCORE && plausible(marks));
  }

  async #ask(command: FindCommand): Promise<FindReply> {
    const signal = this.#signal;
    if (signal.aborted) throw cancelled(signal);
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<FindReply>();
    const onAbort = (): void => reject(cancelled(signal));
    const failed = (cause: unknown): void =>
      reject(new AppError("engine_failed", "The face finder stopped.", { cause }));
    const tooLong = setTimeout(
      () => reject(new AppError("timeout", "The face finder took too long. Say where the face is with `face_box`.")),
      FACE_TIMEOUT_MS,
    );
    const onExit = (code: number): void => failed(new Error(`exit code ${code}`));
    worker.once("message", resolve).once("error", failed).once("exit", onExit);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      worker.postMessage(command, [command.rgb.buffer as ArrayBuffer]);
      return await promise;
    } finally {
      clearTimeout(tooLong);
      signal.removeEventListener("abort", onAbort);
      worker.off("message", resolve).off("error", failed).off("exit", onExit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

function cancelled(signal: AbortSignal): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
}

const area = ([, , width, height]: Box): number => width * height;

/** A box in whole pixels of the picture. */
function wholePixels(picture: RgbPicture, [x, y, w, h]: Box) {
  const left = Math.min(picture.width - 1, Math.max(0, Math.floor(x)));
  const top = Math.min(picture.height - 1, Math.max(0, Math.floor(y)));
  const width = Math.max(1, Math.min(picture.width, Math.ceil(x + w)) - left);
  const height = Math.max(1, Math.min(picture.height, Math.ceil(y + h)) - top);
  return { left, top, width, height };
}

/** A box with room around it, within the picture. */
function roomy([x, y, width, height]: Box, picture: RgbPicture): Box {
  const room = ROOM * Math.max(width, height);
  const left = Math.max(0, x - room);
  const top = Math.max(0, y - room);
  const right = Math.min(picture.width, x + width + room);
  const bottom = Math.min(picture.height, y + height + room);
  return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)];
}

/** What two boxes share, as a part of what both cover. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (area(a) + area(b) - width * height);
}

/** The finder of the optional package @vladmandic/human: a mesh of 468 points per face, found on the CPU. */
export const meshFinder: FaceFinder = {
  id: "mesh",
  async availability(): Promise<Availability> {
    try {
      const entry = createRequire(import.meta.url).resolve("@vladmandic/human");
      await access(join(dirname(entry), "human.esm.js"));
      return { available: true };
    } catch {
      return { available: false, reason: "The optional package that finds faces is not installed.", remedy: REMEDY };
    }
  },
  async open(signal) {
    const state = await this.availability();
    if (!state.available) throw new AppError("engine_unavailable", `${state.reason} ${state.remedy}`);
    return new MeshSession(signal);
  },
};
