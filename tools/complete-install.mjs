// Runs after `npm ci`, on the Node 24 that came with it. npm leaves out optional packages whose `engines` do not admit
// the Node that npm itself runs on, and all of them under `--omit=optional`. Those that are native parts of packages that
// we run on Node 24 are no option: they are added here. espeak-ng is none of them, and stays out where it was left out.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
const libc = process.report?.getReport().header.glibcVersionRuntime ? "glibc" : "musl";

const fits = (allowed, own) => !allowed || allowed.includes(own);
const omitted = new Set((process.env.npm_config_omit ?? "").split(/[\s,]+/));

const missing = Object.entries(packages)
  .filter(([path, entry]) => path.startsWith("node_modules/") && entry.optional && !existsSync(join(root, path)))
  .filter(([, entry]) => !(entry.dev && omitted.has("dev")))
  .filter(
    ([, { os, cpu, libc: wanted }]) =>
      os && fits(os, process.platform) && fits(cpu, process.arch) && fits(wanted, libc),
  )
  .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);

if (missing.length > 0) {
  console.log(`Adding native parts that npm left out: ${missing.join(", ")}`);
  const { status } = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", ...missing], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  process.exitCode = status ?? 1;
}

// The Studio's pages, where Vite is there to build them. An install does not fail for want of them.
const vite = join(root, "node_modules/vite/bin/vite.js");
if (!process.exitCode && existsSync(vite) && existsSync(join(root, "web/vite.config.ts"))) {
  const { status } = spawnSync(process.execPath, [vite, "build", "-c", "web/vite.config.ts", "--logLevel", "error"], {
    cwd: root,
    stdio: "inherit",
  });
  console.log(
    status === 0
      ? "Built the Studio's pages into web/dist."
      : "The Studio's pages could not be built; everything else works. To try again: npm run build:web",
  );
}
