import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { AppError } from "../../src/errors.ts";
import { decodeAudio, decodeMono, decodePlanar } from "../../src/media/decode-audio.ts";
import { encodeAudio } from "../../src/media/encode-audio.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { clipFrames } from "../../src/media/clip.ts";
import { probe } from "../../src/media/probe.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { describeEachBinaries } from "./each-binaries.ts";
import { assertNothingLeft, withRoot } from "./leftovers.ts";

const RATE = 24_000;
const signal = new AbortController().signal;

function tone(seconds: number, hertz = 440, rate = RATE): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * at) / rate),
  );
}

/** Share of the energy that is at `hertz`. */
function purity(samples: Float32Array, hertz: number, rate: number): number {
  let [re, im, energy] = [0, 0, 0];
  for (const [at, value] of samples.entries()) {
    re += value * Math.cos((2 * Math.PI * hertz * at) / rate);
    im += value * Math.sin((2 * Math.PI * hertz * at) / rate);
    energy += value * value;
  }
  return (2 * (re * re + im * im)) / (samples.length * energy);
}

await describeEachBinaries("decodeAudio", (binaries) => {
  const options = { binaries, sampleRate: RATE, signal };
  const lazy = () => Promise.resolve(binaries);

  it("gives back what encodeAudio wrote, in every format", async () => {
    await withRoot(async (root) => {
      const audio = { sampleRate: RATE, channels: [tone(1), tone(1, 880)] };
      for (const format of ["wav", "mp3", "flac", "ogg"] as const) {
        const path = root.file(`sound.${format}`);
        const made = await encodeAudio(audio, { path, format, binaries: lazy, signal });
        assert.equal(made.duration, 1);
        const back = await decodePlanar(path, { ...options, channels: 2 });
        assert.equal(back.channels.length, 2);
        const [left, right] = back.channels as [Float32Array, Float32Array];
        assert.ok(Math.abs(left.length / RATE - 1) < 0.08, `${format}: ${left.length / RATE} s`);
        assert.ok(purity(left.subarray(4800, 19_200), 440, RATE) > 0.98, format);
        assert.ok(purity(right.subarray(4800, 19_200), 880, RATE) > 0.98, format);
      }
    });
  });

  it("resamples and mixes", async () => {
    const wav = encodeWav({ sampleRate: 44_100, channels: [tone(0.5, 440, 44_100), tone(0.5, 440, 44_100)] });
    const { samples, sampleRate } = await decodeMono(wav, { ...options, sampleRate: 16_000 });
    assert.equal(sampleRate, 16_000);
    assert.ok(Math.abs(samples.length - 8000) <= 32, `${samples.length} samples`);
    assert.ok(purity(samples.subarray(1600, 6400), 440, 16_000) > 0.99);
  });

  it("keeps the level of what two channels have in common", async () => {
    const wav = encodeWav({ sampleRate: RATE, channels: [tone(0.5), tone(0.5)] });
    const mono = await decodeMono(wav, options);
    const peak = mono.samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(Math.abs(peak - 0.5) < 0.005, `peak ${peak}`);
  });

  it("takes files that are cut off for what there is of them", async () => {
    await withRoot(async (root) => {
      const audio = { sampleRate: RATE, channels: [tone(2)] };
      const wav = encodeWav(audio);
      const cut = await decodeMono(wav.subarray(0, wav.length / 2), options);
      assert.ok(Math.abs(cut.samples.length / RATE - 1) < 0.01);
      const mp3 = root.file("a.mp3");
      const { bytes } = await encodeAudio(audio, { path: mp3, format: "mp3", binaries: lazy, signal });
      const short = await decodeMono((await readFile(mp3)).subarray(0, bytes / 2), options);
      assert.ok(short.samples.length / RATE > 0.5 && short.samples.length / RATE < 1.5);
    });
  });

  it("answers invalid_audio for what is no sound", async () => {
    const noise = new Uint8Array(50_000);
    let state = 1;
    for (let at = 0; at < noise.length; at++) noise[at] = (state = (state * 48271) % 2147483647) & 255;
    const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const inputs = {
      empty: new Uint8Array(0),
      noise,
      text: Buffer.from("this is no sound".repeat(100)),
      "a PNG named mp3": picture,
      "a WAV header alone": encodeWav({ sampleRate: RATE, channels: [new Float32Array(0)] }),
    };
    await withRoot(async (root) => {
      for (const [name, input] of Object.entries(inputs)) {
        await assert.rejects(decodeMono(input, { ...options, tempRoot: root.path }), { code: "invalid_audio" }, name);
        const path = root.file("input.mp3");
        await writeFile(path, input);
        await assert.rejects(decodeMono(path, options), { code: "invalid_audio" }, `${name} in a file`);
      }
      await assertNothingLeft(root, ["input.mp3"]);
    });
  });

  it("stops at the longest sound that is allowed", async () => {
    const wav = encodeWav({ sampleRate: RATE, channels: [tone(3)] });
    await assert.rejects(decodeMono(wav, { ...options, maxSeconds: 2 }), { code: "input_too_large" });
    assert.equal((await decodeMono(wav, { ...options, maxSeconds: 3 })).samples.length, 3 * RATE);
    assert.deepEqual(liveChildren(), []);
  });

  it("opens nothing that a playlist names, neither files nor URLs", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    try {
      await withRoot(async (root) => {
        const secret = root.file("secret.wav");
        await writeFile(secret, encodeWav({ sampleRate: RATE, channels: [tone(1)] }));
        for (const target of [
          secret,
          `file:${secret}`,
          "secret.wav",
          `http://127.0.0.1:${port}/a.wav`,
          `concat:${secret}`,
        ]) {
          const playlists = [
            `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${target}\n#EXT-X-ENDLIST\n`,
            `ffconcat version 1.0\nfile '${target}'\n`,
            `file '${target}'\n`,
            `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${target}</BaseURL></Period></MPD>`,
            `v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio ${port} RTP/AVP 0\n`,
          ];
          for (const playlist of playlists) {
            const name = { "#": "list.m3u8", v: "list.sdp", "<": "list.mpd" }[playlist.charAt(0)] ?? "list.ffconcat";
            const path = root.file(name);
            await writeFile(path, playlist);
            await assert.rejects(decodeMono(path, options), { code: "invalid_audio" }, `${name}: ${playlist}`);
            await assert.rejects(probe(root.file("list.m3u8"), { ffprobe: binaries.ffprobe }), {
              code: "invalid_input",
            });
          }
        }
      });
      assert.equal(asked, 0, "something was fetched");
    } finally {
      server.close();
    }
  });

  it("can be left early or aborted, and leaves nothing", async () => {
    await withRoot(async (root) => {
      const wav = encodeWav({ sampleRate: RATE, channels: [tone(60)] });
      for await (const samples of decodeAudio(wav, { ...options, tempRoot: root.path })) {
        assert.ok(samples.length > 0);
        break;
      }
      await assertNothingLeft(root);
      const controller = new AbortController();
      const reading = async () => {
        for await (const _ of decodeAudio(wav, { ...options, tempRoot: root.path, signal: controller.signal }))
          controller.abort();
      };
      await assert.rejects(reading(), { code: "cancelled" });
      await assertNothingLeft(root);
      const before = AbortSignal.abort();
      await assert.rejects(decodeMono(wav, { ...options, tempRoot: root.path, signal: before }), { code: "cancelled" });
      await assertNothingLeft(root);
    });
  });

  it("answers media_failed when ffmpeg is killed", async () => {
    const wav = encodeWav({ sampleRate: RATE, channels: [tone(120)] });
    const reading = async () => {
      for await (const _ of decodeAudio(wav, options)) for (const pid of liveChildren()) process.kill(pid, "SIGKILL");
    };
    await assert.rejects(reading(), { code: "media_failed" });
  });

  it("reads no faster than it is asked", async () => {
    const wav = encodeWav({ sampleRate: RATE, channels: [tone(120)] });
    const before = process.memoryUsage().arrayBuffers;
    const source = decodeAudio(wav, options);
    await source.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20, "decoded sound piles up");
    assert.equal(liveChildren().length, 1);
    await source.return();
    assert.deepEqual(liveChildren(), []);
  });
});

await describeEachBinaries("encodeAudio", (binaries) => {
  const lazy = () => Promise.resolve(binaries);
  const audio = { sampleRate: RATE, channels: [tone(5)] };

  it("needs no ffmpeg for WAV", async () => {
    await withRoot(async (root) => {
      const none = () => Promise.reject(new Error("asked"));
      await encodeAudio(audio, { path: root.file("a.wav"), format: "wav", binaries: none, signal });
      await assertNothingLeft(root, ["a.wav"]);
    });
  });

  it("answers storage_failed on a full disk and cancelled on abort, and leaves nothing", async () => {
    await withRoot(async (root) => {
      for (const format of ["wav", "mp3", "flac", "ogg"] as const) {
        const full = encodeAudio(audio, { path: "/dev/full", format, binaries: lazy, signal });
        await assert.rejects(full, { code: "storage_failed" }, format);
        const controller = new AbortController();
        async function* endless() {
          for (let count = 0; ; count++) {
            if (count === 20) controller.abort();
            yield new Float32Array(2400);
            await new Promise(setImmediate);
          }
        }
        const path = root.file(`a.${format}`);
        const stream = { sampleRate: RATE, channels: 1, chunks: endless() };
        const aborted = encodeAudio(stream, { path, format, binaries: lazy, signal: controller.signal });
        await assert.rejects(aborted, { code: "cancelled" }, format);
        await assertNothingLeft(root);
      }
    });
  });

  it("answers media_failed when ffmpeg is killed, and passes on what the source throws", async () => {
    await withRoot(async (root) => {
      async function* killing() {
        for (let count = 0; count < 50; count++) {
          if (count === 20) for (const pid of liveChildren()) process.kill(pid, "SIGKILL");
          yield new Float32Array(24_000);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      }
      async function* failing() {
        yield new Float32Array(2400);
        throw new AppError("engine_failed", "broken");
      }
      const job = { path: root.file("a.mp3"), format: "mp3", binaries: lazy, signal } as const;
      await assert.rejects(encodeAudio({ sampleRate: RATE, channels: 1, chunks: killing() }, job), {
        code: "media_failed",
      });
      await assert.rejects(encodeAudio({ sampleRate: RATE, channels: 1, chunks: failing() }, job), {
        code: "engine_failed",
      });
      await assertNothingLeft(root);
    });
  });
});

await describeEachBinaries("clipFrames", (binaries) => {
  it("answers media_failed for what is no video", async () => {
    const reading = async () => {
      const path = fileURLToPath(import.meta.url);
      const shape = { width: 16, height: 16, filter: "", layout: "i420" } as const;
      for await (const _ of clipFrames(path, { ...shape, binaries, signal })) assert.fail();
    };
    await assert.rejects(reading(), { code: "media_failed" });
  });
});
