import assert from "node:assert/strict";
import { test } from "node:test";
import { castVoices } from "../../src/pipelines/dialogue-cast.ts";
import { parseDialogue, withoutTags } from "../../src/pipelines/dialogue-script.ts";
import { voiceDistance } from "../../src/pipelines/cloned-speech.ts";
import type { MeasuredVoice } from "../../src/engines/speech/speech-engine.ts";
import { engine } from "../speech/engine.ts";

const SCRIPTS: readonly [what: string, text: string, turns: [number, string][]][] = [
  [
    "the document's example",
    "[SPEAKER0] 안녕하세요! 오늘 어떻게 지내세요?\n[SPEAKER1] 잘 지내고 있어요, 물어봐 주셔서 감사해요!",
    [
      [0, "안녕하세요! 오늘 어떻게 지내세요?"],
      [1, "잘 지내고 있어요, 물어봐 주셔서 감사해요!"],
    ],
  ],
  ["no tag at all", "Just me.", [[0, "Just me."]]],
  [
    "lines without a tag",
    "Hi.\n[SPEAKER2] One.\nTwo.\n\nThree.",
    [
      [0, "Hi."],
      [2, "One.\nTwo.\n\nThree."],
    ],
  ],
  [
    "tags within a line",
    "[SPEAKER0] Hi. [SPEAKER1] Hi. [SPEAKER0] Bye.",
    [
      [0, "Hi."],
      [1, "Hi."],
      [0, "Bye."],
    ],
  ],
  [
    "tags as people write them",
    "[Speaker 1]: A.\n[ speaker_2 ]B.\n[SPEAKER-10] C.",
    [
      [1, "A."],
      [2, "B."],
      [10, "C."],
    ],
  ],
  [
    "the same speaker twice",
    "[SPEAKER1] A.\n[SPEAKER1] B.",
    [
      [1, "A."],
      [1, "B."],
    ],
  ],
  ["turns without a word", "[SPEAKER0]\n[SPEAKER1] …\n[SPEAKER0] A.", [[0, "A."]]],
  ["other brackets", "[SPEAKER0] [laughs] He said [sic] so.", [[0, "[laughs] He said [sic] so."]]],
];
for (const [what, text, turns] of SCRIPTS) {
  test(`a dialogue with ${what} is read`, () => {
    assert.deepEqual(
      parseDialogue(text),
      turns.map(([speaker, said]) => ({ speaker, text: said })),
    );
  });
}

const BAD: readonly [what: string, text: string, message: RegExp][] = [
  ["nothing to say", "[SPEAKER0] \n[SPEAKER1]…", /nothing to say/],
  ["no text", "", /nothing to say/],
  ["a tag without a number", "[SPEAKER0] Hi. [SPEAKER A] Hi.", /"\[SPEAKER A\]" is no speaker's tag/],
  ["too many speakers", Array.from({ length: 17 }, (_, n) => `[SPEAKER${n}] Hi.`).join("\n"), /17 speakers; 16/],
];
for (const [what, text, message] of BAD) {
  test(`a dialogue with ${what} is refused`, () => {
    assert.throws(() => parseDialogue(text), { code: "invalid_input", message });
  });
}

test("files are named after what is said, not after tags", () => {
  assert.equal(withoutTags("[SPEAKER0] Hi. [SPEAKER1]: You."), "Hi. You.");
});

test("chosen voices are unlike the others: sexes in turn, clearly different pitches or throats, nobody twice", async () => {
  await using speech = engine();
  const voices = await speech.voices();
  const byName = (name: string) => voices.find((voice) => voice.name === name) ?? assert.fail(name);
  for (const taken of [[], ["belinda"], ["chadwick"], ["belinda", "clara"], ["bruno", "oliver", "felix"]]) {
    const cast = castVoices(3, taken.map(byName), voices);
    const all = [...taken.map(byName), ...cast];
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    for (const [index, one] of cast.entries()) {
      for (const other of [...taken.map(byName), ...cast.slice(0, index)]) {
        const apart = voiceDistance(one.measured as MeasuredVoice, other.measured as MeasuredVoice);
        assert.ok(one.gender !== other.gender || apart > 0.25, `${one.name} and ${other.name} are ${apart} apart`);
      }
    }
    assert.deepEqual(castVoices(3, taken.map(byName), voices), cast, "the same choice every time");
  }
  assert.equal(castVoices(1, [], voices)[0]?.name, speech.defaultVoice);
  assert.equal(castVoices(1, [byName("belinda")], voices)[0]?.gender, "male");
  assert.equal(castVoices(20, [], voices).length, 20, "with more roles than voices some speak twice");
  assert.equal(new Set(castVoices(16, [], voices)).size, 16);
});
