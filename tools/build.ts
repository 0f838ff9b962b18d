/** Bundles the production entries into `dist/`; packages with native parts or data files stay outside, beside it. */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Native code, data next to the code, or GPL code that must stay in its own process and package. */
const OUTSIDE = [
  "onnxruntime-node",
  "sharp",
  "@echogarden/espeak-ng-emscripten",
  "@vladmandic/human",
  "@ffmpeg-installer/ffmpeg",
  "@ffprobe-installer/ffprobe",
  "pino-pretty",
  // Reads its own package.json by a path relative to itself.
  "runpod-sdk",
];

const ENTRIES = {
  // The launcher, which has what was compiled once kept: that is a fifth of a cold start.
  talkbox: "src/cli/talkbox.mjs",
  handler: "handler/index.ts",
  // What the package exports: Node strips no types under node_modules.
  worker: "src/worker/index.ts",
  "worker-simulator": "src/worker/simulator/index.ts",
  "espeak-child": "src/engines/speech/espeak/child.ts",
  "heartbeat-thread": "src/worker/heartbeat-thread.ts",
  "face-worker": "src/engines/faces/mesh/worker.ts",
  "voice-thread": "src/engines/voice/world/thread.ts",
  "spectra-thread": "src/engines/stems/spectra/thread.ts",
  "center-thread": "src/engines/stems/center/thread.ts",
  "inference-thread": "src/inference/thread-entry.ts",
  "model-thread": "src/library/models/model-thread-entry.ts",
};

rmSync(join(root, "dist"), { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: ENTRIES,
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  external: OUTSIDE,
  metafile: true,
  banner: {
    // CommonJS packages in an ES module still call require and look at their folder.
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      'import { dirname as __dirnameOf } from "node:path";',
      'import { fileURLToPath as __fileURLToPath } from "node:url";',
      "const require = __createRequire(import.meta.url);",
      "const __filename = __fileURLToPath(import.meta.url);",
      "const __dirname = __dirnameOf(__filename);",
    ].join("\n"),
  },
});
const typed = spawnSync(
  process.execPath,
  [join(root, "node_modules/typescript/bin/tsc"), "-p", "tools/worker-types.json"],
  {
    cwd: root,
    stdio: "inherit",
  },
);
if (typed.status !== 0) throw new Error("The worker's types could not be written.");
// The Studio's pages lie beside the bundle.
const vite = join(root, "node_modules/vite/bin/vite.js");
const pages = spawnSync(process.execPath, [vite, "build", "-c", "web/vite.config.ts", "--logLevel", "error"], {
  cwd: root,
  stdio: "inherit",
});
if (pages.status !== 0) throw new Error("The Studio's pages could not be built.");
cpSync(join(root, "web/dist"), join(root, "dist/studio"), { recursive: true });
// For those who pack the bundle: the packages that must lie beside it.
writeFileSync(join(root, "dist/outside.json"), `${JSON.stringify({ outside: OUTSIDE })}\n`);
for (const file of Object.keys(result.metafile.outputs).filter((name) => name.endsWith(".js"))) {
  console.log(`${file.padEnd(32)} ${String(Math.round(statSync(join(root, file)).size / 1000)).padStart(6)} kB`);
}
