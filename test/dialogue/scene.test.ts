import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseScene, SCENES, type SceneName, sceneOf } from "../../src/pipelines/scene.ts";
import { inRoom } from "../../src/signal/room.ts";
import { truePeak } from "../../src/signal/true-peak.ts";

const KNOWN: readonly [SceneName, readonly string[]][] = [
  [
    "room",
    [
      "조용한 방에서 녹음된 오디오입니다.",
      "방",
      "A quiet room.",
      "в тихой комнате",
      "Комнаты",
      "our living room",
      "사무실에서",
    ],
  ],
  [
    "hall",
    ["홀에서 하는 연설", "강당", "콘서트홀에서", "in a large HALL", "в большом зале", "концертный зал", "church"],
  ],
  ["cafe", ["카페에서의 친근한 대화.", "A café in Paris", "in the cafe", "разговор в кафе", "커피숍"]],
  ["phone", ["전화 통화", "on the phone", "a telephone call", "по телефону", "телефонный разговор"]],
  ["outdoors", ["야외에서", "outdoors", "in the street", "на улице", "шумная улица", "공원에서", "в парке"]],
];
for (const [scene, prompts] of KNOWN) {
  test(`${scene} is known in English, Korean and Russian`, () => {
    for (const prompt of prompts) assert.equal(sceneOf(prompt), scene, prompt);
    for (const prompt of prompts) assert.equal(sceneOf(prompt.normalize("NFD").toUpperCase()), scene, prompt);
  });
}

test("words within other words are no places", () => {
  for (const prompt of [
    "방송",
    "다른 방법으로",
    "на вокзале",
    "кафедра",
    "паркет",
    "microphone",
    "hallway",
    "sparkling",
    "mushroom",
    "홀로",
  ])
    assert.equal(sceneOf(prompt), undefined, prompt);
});

test("the phone is heard through; else the place that is named first counts", () => {
  assert.equal(sceneOf("a call from a café by phone"), "phone");
  assert.equal(sceneOf("a quiet room above a café"), "room");
});

test("no description is no scene; one without a known place is told", () => {
  const told: string[] = [];
  for (const prompt of [undefined, null, "", "  "])
    assert.equal(
      chooseScene(prompt, (text) => told.push(text)),
      undefined,
    );
  assert.equal(told.length, 0);
  assert.equal(
    chooseScene("a spaceship", (text) => told.push(text)),
    undefined,
  );
  assert.match(told[0] ?? "", /room, hall, cafe, phone, outdoors/);
});

const RATE = 24_000;

async function heard(scene: SceneName, sound: Float32Array, block = sound.length): Promise<Float32Array> {
  async function* blocks(): AsyncGenerator<Float32Array> {
    for (let at = 0; at < sound.length; at += block) yield sound.subarray(at, at + block);
  }
  const out: number[] = [];
  for await (const piece of inRoom(blocks(), RATE, SCENES[scene])) out.push(...piece);
  return Float32Array.from(out);
}

/** dB of a tone's steady middle after the scene. */
async function toneDb(scene: SceneName, hz: number): Promise<number> {
  const tone = Float32Array.from({ length: RATE }, (_, n) => 0.1 * Math.sin((2 * Math.PI * hz * n) / RATE));
  const out = await heard(scene, tone);
  const power = (x: Float32Array): number => x.subarray(RATE / 2, RATE * 0.9).reduce((sum, v) => sum + v * v, 0);
  return 10 * Math.log10(power(out) / power(tone));
}

test("the phone passes 300 to 3400 Hz", async () => {
  const middle = await toneDb("phone", 1_000);
  for (const hz of [120, 6_800]) assert.ok((await toneDb("phone", hz)) < middle - 20, `${hz} Hz`);
  for (const hz of [450, 2_700]) assert.ok(Math.abs((await toneDb("phone", hz)) - middle) < 1.5, `${hz} Hz`);
});

test("a hall echoes longer than a café, and that longer than a room", async () => {
  const click = new Float32Array(RATE / 10);
  click[0] = 0.5;
  const late = async (scene: SceneName): Promise<number> => {
    const out = await heard(scene, click);
    return out.subarray(0.3 * RATE).reduce((sum, v) => sum + v * v, 0);
  };
  const [hall, cafe, room] = [await late("hall"), await late("cafe"), await late("room")];
  assert.ok(hall > 5 * cafe && cafe > 2 * room && room > 0, `${hall} ${cafe} ${room}`);
  assert.equal(await late("outdoors"), 0);
});

for (const scene of Object.keys(SCENES) as SceneName[]) {
  test(`${scene}: cut into blocks it sounds the same, ends in silence and never clips`, async () => {
    const sound = Float32Array.from({ length: RATE }, (_, n) => 0.89 * Math.sin(n * n * 1e-5));
    const whole = await heard(scene, sound);
    const cut = await heard(scene, sound, 777);
    assert.equal(cut.length, whole.length);
    assert.equal(whole.length, sound.length + Math.round(SCENES[scene].tail * RATE));
    for (const [n, x] of whole.entries()) assert.ok(Math.abs(x - (cut[n] as number)) < 1e-4);
    assert.ok(truePeak(whole) <= 10 ** (-0.95 / 20));
    assert.ok(Math.abs(whole.at(-1) as number) < 1e-4);
  });
}
