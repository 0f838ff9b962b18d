import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { TempDir } from "../../../src/media/temp.ts";
import { StrictS3 } from "./strict-server/server.ts";

it("the driver works from a bundle, as it does from its sources", async () => {
  await using root = await TempDir.create();
  await using server = await StrictS3.start();
  await build({
    entryPoints: [join(import.meta.dirname, "bundle-entry.ts")],
    outdir: root.path,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    logLevel: "silent",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const args = [root.file("bundle-entry.mjs"), JSON.stringify(server.request())];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  for (const url of JSON.parse(stdout) as string[]) assert.equal((await fetch(url)).status, 200);
  assert.ok(server.operations.includes("CompleteMultipartUpload"));
});
