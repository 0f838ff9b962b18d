import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp, { type Sharp } from "sharp";
import { AppError } from "../../src/errors.ts";
import { uprightPicture } from "../../src/media/picture.ts";
import { ASTRONAUT, scratchFolder } from "./astronaut.ts";

const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());
const astronaut = await readFile(ASTRONAUT);
const photo = (): Sharp => sharp(astronaut);

async function read(bytes: Uint8Array | string): ReturnType<typeof uprightPicture> {
  const path = join(scratch.path, "source");
  await writeFile(path, bytes);
  return uprightPicture(path, join(scratch.path, "picture.png"));
}

/** Mean red, green and blue of the middle. */
function middle({ width, height, data }: Awaited<ReturnType<typeof read>>): number[] {
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return [...data.subarray(at, at + 3)];
}

/** A PNG whose header says any size. */
function lyingPng(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: "#777" } })
    .png()
    .toBuffer()
    .then((png) => {
      png.writeUInt32BE(width, 16);
      png.writeUInt32BE(height, 20);
      // The header's checksum, so that only the size is a lie.
      let crc = ~0;
      for (const byte of png.subarray(12, 29)) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
      }
      png.writeUInt32BE(~crc >>> 0, 29);
      return png;
    });
}

test("pictures of every kind come out upright, three channels of 8 bits", async () => {
  const plain = middle(await read(astronaut));
  const kinds: Record<string, Buffer> = {
    png: await photo().png().toBuffer(),
    webp: await photo().webp({ quality: 95 }).toBuffer(),
    tiff: await photo().tiff().toBuffer(),
    avif: await photo().avif({ quality: 80 }).toBuffer(),
    "a PNG that calls itself JPEG": await photo().png().toBuffer(),
    "16 bits": await photo().toColourspace("rgb16").png().toBuffer(),
    CMYK: await photo().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(),
    turned: await photo().rotate(90).withMetadata({ orientation: 8 }).jpeg({ quality: 95 }).toBuffer(),
  };
  for (const [kind, bytes] of Object.entries(kinds)) {
    const picture = await read(bytes);
    assert.deepEqual([picture.width, picture.height, picture.scale], [512, 512, 1], kind);
    assert.equal(picture.data.length, 512 * 512 * 3, kind);
    for (const [i, value] of middle(picture).entries()) assert.ok(Math.abs(value - (plain[i] as number)) < 22, kind);
    const kept = await sharp(join(scratch.path, "picture.png")).metadata();
    assert.deepEqual([kept.width, kept.channels, kept.depth], [512, 3, "uchar"], kind);
  }
});

test("grey becomes colour, and what is transparent a plain backdrop", async () => {
  const [r, g, b] = middle(await read(await photo().greyscale().png().toBuffer()));
  assert.ok(r === g && g === b);
  const clear = await sharp({ create: { width: 80, height: 80, channels: 4, background: "#ff000000" } })
    .png()
    .toBuffer();
  assert.deepEqual(middle(await read(clear)), [0xd9, 0xdc, 0xe1]);
});

test("a huge picture is kept smaller, and says by how much", async () => {
  const wide = await sharp({ create: { width: 7680, height: 400, channels: 3, background: "#345" } })
    .jpeg()
    .toBuffer();
  const picture = await read(wide);
  assert.deepEqual([picture.width, picture.height, picture.scale], [3840, 200, 0.5]);
});

test("what is no picture, or no single one, is refused with a coded error", async () => {
  const gif = await sharp({ create: { width: 80, height: 80, channels: 3, background: "#345" } })
    .gif()
    .toBuffer();
  const pages = Buffer.alloc(80 * 160 * 3).fill(200, 80 * 80 * 3);
  const moving = await sharp(pages, { raw: { width: 80, height: 160, channels: 3, pageHeight: 80 } })
    .webp()
    .toBuffer();
  const svg =
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><circle r="50"/></svg>';
  const cases: readonly (readonly [string, Uint8Array | string, string, RegExp])[] = [
    ["nothing", "", "invalid_input", /no picture/],
    ["text", "this is no picture at all".repeat(40), "invalid_input", /no picture/],
    ["a truncated JPEG", astronaut.subarray(0, 30_000), "invalid_input", /cut short/],
    ["a GIF", gif, "invalid_input", /gif/],
    ["a moving WebP", moving, "invalid_input", /several pages or moves/],
    ["an SVG", svg, "invalid_input", /SVG/],
    ["a PNG of 20000x20000", await lyingPng(20_000, 20_000), "input_too_large", /400 million/],
    ["a PNG that has less than it says", await lyingPng(4000, 4000), "invalid_input", /broken/],
    ["a tiny picture", await photo().resize(40).png().toBuffer(), "invalid_input", /40x40/],
  ];
  for (const [what, bytes, code, message] of cases) {
    await assert.rejects(
      read(bytes),
      (error) => {
        assert.ok(error instanceof AppError, what);
        assert.equal(error.code, code, `${what}: ${error.message}`);
        assert.match(error.message, message, what);
        return true;
      },
      what,
    );
  }
  assert.deepEqual((await readdir(scratch.path)).toSorted(), ["picture.png", "source"]);
});
