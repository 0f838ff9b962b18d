import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { options } from "../../src/media/options.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { pcmOf } from "../../src/media/pcm.ts";
import { encodeWav, writeWav } from "../../src/media/wav.ts";
import { withRoot } from "./leftovers.ts";

const ramp = Float32Array.from({ length: 40_001 }, (_, at) => Math.sin(at / 10) * 0.9);
const stereo = { sampleRate: 44_100, channels: [ramp, ramp.map((value) => -value)] };

describe("WAV files", () => {
  it("come back as they were, to the precision of their samples", () => {
    for (const [samples, most] of [
      ["s16", 2 / 2 ** 15],
      ["s24", 2 / 2 ** 23],
      ["f32", 0],
    ] as const) {
      const back = parseWav(encodeWav(stereo, { samples }));
      assert.equal(back.sampleRate, 44_100);
      assert.equal(back.channels.length, 2);
      for (const [channel, plane] of back.channels.entries()) {
        const given = stereo.channels[channel] as Float32Array;
        assert.equal(plane.length, given.length);
        for (let at = 0; at < plane.length; at++) {
          assert.ok(Math.abs((plane[at] as number) - (given[at] as number)) <= most);
        }
      }
    }
  });

  it("are the same whether written at once or streamed", async () => {
    await withRoot(async (root) => {
      const path = root.file("a.wav");
      assert.equal(await writeWav(path, pcmOf(stereo)), ramp.length);
      assert.deepEqual(new Uint8Array(await readFile(path)), encodeWav(stereo));
    });
  });

  it("clip what is too loud instead of wrapping around, dithered or not", () => {
    const loud = { sampleRate: 8000, channels: [Float32Array.of(1.5, -1.5, 1, -1)] };
    for (const dither of [false, true]) {
      for (const samples of ["s16", "s24"] as const) {
        const [plane] = parseWav(encodeWav(loud, { samples, dither })).channels;
        assert.deepEqual(plane?.map(Math.sign), Float32Array.of(1, -1, 1, -1));
      }
    }
  });

  it("keep what is quieter than half a bit when dithered, and are the same in every run", () => {
    const faint = Float32Array.from({ length: 48_000 }, (_, at) => (0.3 / 32_767) * Math.sin((2 * Math.PI * at) / 480));
    const correlate = (plane: Float32Array) => plane.reduce((sum, value, at) => sum + value * (faint[at] as number), 0);
    const audio = { sampleRate: 48_000, channels: [faint] };
    const dithered = encodeWav(audio, { dither: true });
    assert.equal(correlate(parseWav(encodeWav(audio)).channels[0] as Float32Array), 0);
    assert.ok(correlate(parseWav(dithered).channels[0] as Float32Array) > 0.5 * correlate(faint));
    assert.deepEqual(dithered, encodeWav(audio, { dither: true }));
  });

  it("are read to the end of the file when their header lies", () => {
    const file = encodeWav({ sampleRate: 8000, channels: [ramp] });
    for (const lie of [0, 0xffff_ffff, 0x7fff_fff0]) {
      const lying = Buffer.from(file);
      lying.writeUInt32LE(lie, 40);
      assert.equal(parseWav(lying).channels[0]?.length, ramp.length);
    }
    assert.equal(parseWav(file.subarray(0, 44 + 2001)).channels[0]?.length, 1000);
  });

  it("are found among other chunks, also in the extensible form", () => {
    const file = Buffer.from(encodeWav({ sampleRate: 8000, channels: [ramp] }));
    const list = Buffer.from("LIST\x05\0\0\0abcde\0", "latin1");
    assert.equal(
      parseWav(Buffer.concat([file.subarray(0, 36), list, file.subarray(36)])).channels[0]?.length,
      ramp.length,
    );
    const format = Buffer.alloc(48);
    format.write("fmt ", 0);
    format.writeUInt32LE(40, 4);
    file.copy(format, 8, 20, 36);
    format.writeUInt16LE(0xfffe, 8);
    format.writeUInt16LE(1, 8 + 24);
    const extensible = Buffer.concat([file.subarray(0, 12), format, file.subarray(36)]);
    assert.equal(parseWav(extensible).channels[0]?.length, ramp.length);
  });

  it("are refused when they are something else", () => {
    const file = Buffer.from(encodeWav({ sampleRate: 8000, channels: [ramp] }));
    const adpcm = Buffer.from(file);
    adpcm.writeUInt16LE(2, 20);
    const silentRate = Buffer.from(file);
    silentRate.writeUInt32LE(0, 24);
    const noChannels = Buffer.from(file);
    noChannels.writeUInt16LE(0, 22);
    const bits = Buffer.from(file);
    bits.writeUInt16LE(0, 34);
    for (const bad of [
      new Uint8Array(0),
      Buffer.from("RIFF"),
      file.subarray(0, 44),
      file.subarray(0, 30),
      adpcm,
      silentRate,
      noChannels,
      bits,
    ]) {
      assert.throws(() => parseWav(bad), { code: "invalid_audio" });
    }
  });

  it("never break the parser, whatever bytes are changed", () => {
    const file = encodeWav({ sampleRate: 8000, channels: [ramp.subarray(0, 50)] });
    for (let at = 0; at < 44; at++) {
      for (const value of [0, 1, 127, 128, 255]) {
        const changed = file.slice();
        changed[at] = value;
        try {
          assert.ok((parseWav(changed).channels[0]?.length ?? 0) <= 100);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "invalid_audio");
        }
      }
    }
  });
});

describe("options", () => {
  it("splits at blanks and keeps values whole", () => {
    assert.deepEqual(options`-a 1 -b:${2}k -i ${"a b"} ${3}x${4} -z`, ["-a", "1", "-b:2k", "-i", "a b", "3x4", "-z"]);
    assert.deepEqual(
      options`${"a"}
      -b`,
      ["a", "-b"],
    );
  });
});
