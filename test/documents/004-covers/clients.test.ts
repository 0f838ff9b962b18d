import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { decodePlanar } from "../../../src/media/decode-audio.ts";
import { tone, wav } from "../../cover/stems.ts";
import { localServer } from "../../server/local-server.ts";
import { clientsOf, withoutPython, withoutShell } from "../clients/run-client.ts";

const RATE = 44_100;
const VOICE = wav(RATE, [tone(RATE, 1, 220, 0.2)], { samples: "s16" });
const INSTRUMENT = wav(RATE, [tone(RATE, 1, 330, 0.1), tone(RATE, 1, 330, 0.1)], { samples: "s16" });

const server = await localServer();
const clients = await clientsOf(server.url);
const endpoint = `${server.url}/v2/local`;

/** Seconds of a song. */
async function secondsOf(song: Buffer): Promise<number> {
  const { channels } = await decodePlanar(song, {
    binaries: await server.services.binaries(),
    sampleRate: RATE,
    channels: 2,
    signal: new AbortController().signal,
  });
  return (channels[0] as Float32Array).length / RATE;
}

it("004 §Python 클라이언트 예제: two files become a cover, which is saved", { skip: withoutPython }, async () => {
  const { stdout, folder } = await clients.python(["004-client.py"], {
    placeholders: { YOUR_RUNPOD_ENDPOINT: endpoint, your_model_name: "alto-warm" },
    files: { "voice.wav": Buffer.from(VOICE, "base64"), "instrument.wav": Buffer.from(INSTRUMENT, "base64") },
  });
  assert.equal(stdout, "Cover generated successfully!\n");
  assert.ok(Math.abs((await secondsOf(await readFile(join(folder, "cover_alto-warm.mp3")))) - 1) < 0.1);
});

it("004 §Python 클라이언트 예제: what goes wrong is printed", { skip: withoutPython }, async () => {
  const { stdout } = await clients.python(["004-client.py"], {
    placeholders: { YOUR_RUNPOD_ENDPOINT: endpoint },
    files: { "voice.wav": Buffer.from(VOICE, "base64"), "instrument.wav": Buffer.from(INSTRUMENT, "base64") },
  });
  assert.match(stdout, /^Error: Voice model not found/);
});

it("004 §cURL 예제: the health check, and a cover of base64", { skip: withoutShell }, async () => {
  // As long as a command line may be: a second of the samples of a telephone.
  const short = wav(8000, [tone(8000, 1, 220, 0.2)], { samples: "s16" });
  const { stdout } = await clients.shell("004-client.sh", {
    placeholders: {
      YOUR_RUNPOD_ENDPOINT: endpoint,
      base64_encoded_voice_audio: short,
      base64_encoded_instrument_audio: short,
      model_name: "alto-warm",
    },
  });
  const [health, cover] = stdout
    .split(/(?<=\})(?=\{"success")/)
    .map((json) => JSON.parse(json) as Record<string, unknown>);
  assert.equal(health?.["status"], "healthy");
  assert.deepEqual([cover?.["success"], cover?.["filename"]], [true, "cover_alto-warm.mp3"]);
  assert.ok((await secondsOf(Buffer.from(String(cover?.["output_audio"]), "base64"))) > 0.9);
});
