// Takes out of node_modules what an image does not need: native parts for other systems, the ffmpeg from npm (the image
// has its own), and packages that are in the bundle already. Run after `npm prune --omit=dev`, with the bundle built.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");

/** Packages that the bundle loads at run time, by what it names them; each brings its own dependencies. */
const { outside } = JSON.parse(readFileSync(join(root, "dist/outside.json"), "utf8"));
const fromImage = new Set(["@ffmpeg-installer/ffmpeg", "@ffprobe-installer/ffprobe"]);

const manifest = (name) => {
  const path = join(modules, name, "package.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
};

const keep = new Set(["node"]);
const visit = (name) => {
  if (keep.has(name) || fromImage.has(name)) return;
  const found = manifest(name);
  if (!found) return;
  keep.add(name);
  const needs = { ...found.dependencies, ...found.optionalDependencies, ...found.peerDependencies };
  for (const other of Object.keys(needs)) visit(other);
};
for (const name of outside) visit(name);

const names = readdirSync(modules).flatMap((entry) => {
  if (entry.startsWith(".")) return [entry];
  return entry.startsWith("@") ? readdirSync(join(modules, entry)).map((inner) => `${entry}/${inner}`) : [entry];
});
for (const name of names) if (!keep.has(name)) rmSync(join(modules, name), { recursive: true, force: true });
for (const entry of readdirSync(modules)) {
  if (entry.startsWith("@") && readdirSync(join(modules, entry)).length === 0) rmdirSync(join(modules, entry));
}

const runtime = join(modules, "onnxruntime-node/bin/napi-v6");
if (existsSync(runtime)) {
  for (const platform of readdirSync(runtime)) {
    if (platform !== process.platform) rmSync(join(runtime, platform), { recursive: true });
    else {
      for (const arch of readdirSync(join(runtime, platform))) {
        if (arch !== process.arch) rmSync(join(runtime, platform, arch), { recursive: true });
      }
    }
  }
}
console.log(`Kept ${keep.size} packages: ${[...keep].toSorted().join(", ")}`);
