import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { parseWav } from "../../../src/media/parse-wav.ts";
import { clientsOf, withoutPython, withoutShell } from "../clients/run-client.ts";
import { higgsServer, rms, soundOf, type Spoken } from "./server.ts";

const server = await higgsServer();
const clients = await clientsOf(server.url);

it("003 §Python 클라이언트 예제: the speech is saved as WAV, and a voice is cloned", {
  skip: withoutPython,
}, async () => {
  const check = `
assert response.status_code == 200, response.text
print(response.json()["sampling_rate"], len(response.json()["audio_base64"]))`;
  const { folder, stdout } = await clients.python(["003-client.py"], { after: check });
  const { sampleRate, channels } = parseWav(await readFile(join(folder, "output.wav")));
  assert.equal(sampleRate, 24_000);
  assert.ok(channels.length === 1 && (channels[0]?.length ?? 0) > 12_000 && rms(channels[0] as Float32Array) > 0.01);
  const [, rate, length] = /^(\d+) (\d+)\n$/.exec(stdout) ?? [];
  assert.ok(rate === "24000" && Number(length) > 30_000, stdout);
});

it("003 §cURL 예제: speech, the state and the voices", { skip: withoutShell }, async () => {
  const { stdout } = await clients.shell("003-client.sh");
  const [spoken, health, voices] = stdout
    .split(/(?<=[\]}])(?=\{"status"|\[)/)
    .map((json) => JSON.parse(json) as Record<string, unknown>);
  assert.equal(spoken?.["text"], "안녕, 세상아!");
  assert.ok(soundOf(spoken as Spoken).seconds > 0.5);
  assert.equal(health?.["status"], "healthy");
  assert.ok((voices as unknown as { name: string }[]).some(({ name }) => name === "belinda"));
});
