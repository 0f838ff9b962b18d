import { readdirSync } from "node:fs";
import { AppError } from "../../src/errors.ts";
import { DiskStore } from "../../src/storage/disk.ts";

/** Run under a file-size limit: stores bytes, then a copy of a file, and prints how each failed and what is left. */
const [root = "", source = ""] = process.argv.slice(2);
const store = new DiskStore({ root });
const options = { key: "realtime/big.mp4", mime: "video/mp4", ttlSeconds: 60 };
const outcome = async (work: Promise<unknown>) =>
  work.then(
    () => "stored",
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
const outcomes = [
  await outcome(store.put(new Uint8Array(1 << 20), options)),
  await outcome(store.put(source, options)),
];
const left = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
console.log(JSON.stringify({ outcomes, left: left.map((entry) => entry.name) }));
