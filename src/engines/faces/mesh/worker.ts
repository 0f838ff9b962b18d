import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parentPort } from "node:worker_threads";
import { type FindCommand, type FindReply, MESH_POINTS } from "./protocol.ts";

/**
 * A thread of its own for the face finder of @vladmandic/human: its JavaScript blocks for a second a picture, and its
 * memory goes back to the system with the thread.
 */

type Tensor = { dispose(): void };
type Detected = { readonly score: number; readonly mesh: readonly (readonly number[])[] };
type Human = {
  readonly tf: { tensor4d(values: Float32Array, shape: readonly number[], type: "float32"): Tensor };
  load(): Promise<void>;
  detect(input: Tensor): Promise<{ readonly face: readonly Detected[]; readonly error: unknown }>;
};
type HumanModule = { readonly Human: new (config: object) => Human };

/** Everything but box and mesh is off; nothing is cached between pictures. */
const settings = (modelBasePath: string) => ({
  backend: "cpu",
  modelBasePath,
  debug: false,
  async: false,
  warmup: "none",
  cacheModels: false,
  cacheSensitivity: 0,
  filter: { enabled: false },
  gesture: { enabled: false },
  face: {
    enabled: true,
    detector: { rotation: true, maxDetected: 6, minConfidence: 0.35, iouThreshold: 0.2, skipFrames: 0, skipTime: 0 },
    mesh: { enabled: true },
    attention: { enabled: false },
    iris: { enabled: false },
    emotion: { enabled: false },
    description: { enabled: false },
    antispoof: { enabled: false },
    liveness: { enabled: false },
  },
  body: { enabled: false },
  hand: { enabled: false },
  object: { enabled: false },
  segmentation: { enabled: false },
});

/** Loads the package's browser build, the only one that carries its tensor library, and lets it read its own files only. */
async function load(): Promise<Human> {
  const entry = createRequire(import.meta.url).resolve("@vladmandic/human");
  const folder = join(dirname(entry), "..");
  const models = join(folder, "models") + sep;
  const own: typeof fetch = async (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const path = fileURLToPath(url);
    if (!path.startsWith(models)) throw new Error("Only the package's own models may be read.");
    const type = path.endsWith(".json") ? "application/json" : "application/octet-stream";
    return new Response(await readFile(path), { headers: { "content-type": type } });
  };
  // It takes a global scope of a web worker's for a browser.
  Object.assign(globalThis, { WorkerGlobalScope: Object, fetch: own });
  for (const say of ["log", "info", "warn", "error"] as const) console[say] = () => undefined;
  const module = (await import(pathToFileURL(join(folder, "dist", "human.esm.js")).href)) as HumanModule;
  const human = new module.Human(settings(pathToFileURL(models).href));
  await human.load();
  return human;
}

let loaded: Promise<Human> | undefined;

async function find({ width, height, rgb }: FindCommand): Promise<FindReply> {
  try {
    loaded ??= load();
    const human = await loaded;
    const input = human.tf.tensor4d(Float32Array.from(rgb), [1, height, width, 3], "float32");
    const { face, error } = await human.detect(input);
    input.dispose();
    if (error) return { failure: error instanceof Error ? error.message : JSON.stringify(error) };
    const faces = face
      .filter(({ mesh }) => mesh.length >= MESH_POINTS)
      .map(({ score, mesh }) => ({
        score,
        mesh: Float32Array.from({ length: 2 * MESH_POINTS }, (_, i) => mesh[i >> 1]?.[i & 1] ?? 0),
      }));
    return { faces };
  } catch (error) {
    loaded = undefined;
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const port = parentPort;
port?.on("message", (command: FindCommand) => {
  void find(command).then((reply) => port.postMessage(reply));
});
