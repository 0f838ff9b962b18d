/** Writes `test/fixtures/faces/astronaut.marks.json`: `node test/photo/find-marks.ts`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { meshFinder } from "../../src/engines/faces/mesh/mesh-finder.ts";

const folder = join(import.meta.dirname, "../fixtures/faces");
const { data, info } = await sharp(join(folder, "astronaut.jpg")).raw().toBuffer({ resolveWithObject: true });
await using session = await meshFinder.open(new AbortController().signal);
const [face] = await session.find({ width: info.width, height: info.height, data });
if (!face) throw new Error("no face was found");
const tenths = JSON.stringify(face.marks, (_key, value: unknown) =>
  typeof value === "number" ? Math.round(value * 10) / 10 : value,
);
await writeFile(join(folder, "astronaut.marks.json"), `${tenths}\n`);
