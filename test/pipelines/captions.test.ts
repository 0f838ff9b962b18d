import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fontFor } from "../../src/media/caption-fonts.ts";
import { BurnCaptions } from "../../src/pipelines/captions-burn.ts";
import {
  captionWords,
  type CaptionWord,
  cuesOf,
  LINE_UNITS,
  subRip,
  unitsOf,
  webVtt,
} from "../../src/pipelines/captions.ts";

/** Words of a text without their marks, as engines time them: a third of a second each. */
function timed(text: string, language: string, from = 0): CaptionWord[] {
  const words = text
    .split(/\s+/)
    .map((word) => word.replace(/^[\p{P}]+|[\p{P}]+$/gu, ""))
    .filter((word) => word !== "")
    .map((word, index) => ({ text: word, start: index * 0.35, end: index * 0.35 + 0.3 }));
  const audio = { sampleRate: 24_000, samples: new Float32Array(0) };
  return captionWords({ text, language, audio, words }, from);
}

const RUSSIAN =
  "«Здравствуйте!» — сказала она. Мы рады приветствовать вас в нашей компании, которая уже двадцать лет делает хорошие вещи для самых разных людей.";
const KOREAN =
  "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시고 지원 동기도 말씀해 주시겠어요?";
const CHINESE = "欢迎参加今天的面试，请先简单介绍一下自己，然后谈谈您为什么想加入我们公司。谢谢！";

describe("captions", () => {
  it("have every mark of the text, in order", () => {
    for (const [text, language] of [
      [RUSSIAN, "ru"],
      [KOREAN, "ko"],
      [CHINESE, "zh"],
      ["「はい」と 言った。", "ja"],
    ] as const) {
      const joined = cuesOf(timed(text, language))
        .flatMap(({ lines }) => lines)
        .join("");
      assert.equal(joined.replace(/\s/g, ""), text.replace(/\s/g, ""));
    }
  });

  it("keep to two lines of their width, also in scripts without blanks", () => {
    for (const [text, language] of [
      [RUSSIAN, "ru"],
      [KOREAN, "ko"],
      [CHINESE, "zh"],
    ] as const) {
      for (const width of [LINE_UNITS, 24]) {
        const cues = cuesOf(timed(text, language), width);
        assert.ok(cues.length > 0);
        for (const { lines } of cues) {
          assert.ok(lines.length <= 2);
          for (const line of lines) assert.ok(unitsOf(line) <= width, `${unitsOf(line)} of ${width}: ${line}`);
        }
      }
    }
  });

  it("end with a sentence, follow one another without overlap, and stay for a second where there is room", () => {
    const cues = cuesOf(timed(KOREAN, "ko"));
    assert.equal(cues[0]?.lines.join(" "), "안녕하세요, 면접에 오신 것을 환영합니다.");
    for (const [at, { start, end }] of cues.entries()) {
      const next = cues[at + 1]?.start ?? Number.POSITIVE_INFINITY;
      assert.ok(end <= next && (end - start >= 1 || end === next));
    }
    const [short] = cuesOf([{ text: "Да.", start: 2, end: 2.2 }]);
    assert.deepEqual(short, { start: 2, end: 3, lines: ["Да."] });
  });

  it("do not show a lone interjection for less than a second: it stays with what follows", () => {
    const cues = cuesOf(timed("Да. Конечно, мы согласны.", "ru"));
    assert.deepEqual(
      cues.map(({ lines }) => lines.join(" ")),
      ["Да. Конечно, мы согласны."],
    );
  });

  it("part the words of one sentence from those of the next", () => {
    const words = [...timed("Привет!", "ru"), ...timed("Это я.", "ru", 0.5)];
    assert.deepEqual(cuesOf(words)[0]?.lines, ["Привет! Это я."]);
  });

  it("are WebVTT and SubRip", () => {
    const cues = [
      { start: 0.5, end: 2.25, lines: ["Том & <Джерри>"] },
      { start: 3661.001, end: 3662, lines: ["два", "ряда"] },
    ];
    assert.equal(
      webVtt(cues),
      "WEBVTT\n\n1\n00:00:00.500 --> 00:00:02.250\nТом &amp; &lt;Джерри&gt;\n\n2\n01:01:01.001 --> 01:01:02.000\nдва\nряда\n",
    );
    assert.equal(
      subRip(cues),
      "1\n00:00:00,500 --> 00:00:02,250\nТом & <Джерри>\n\n2\n01:01:01,001 --> 01:01:02,000\nдва\nряда\n",
    );
  });

  it("are drawn at the foot of the picture while they are said, on a copy of it", async (t) => {
    if (!(await fontFor("Привет")))
      return t.skip("no font with Cyrillic letters; add one: apt-get install -y fonts-dejavu-core");
    const [width, height] = [320, 180];
    let released = 0;
    const grey = new Uint8Array(width * height * 1.5).fill(100);
    async function* frames() {
      for (let index = 0; index < 3; index++) yield { index: index * 25, data: grey, release: () => void released++ };
    }
    const warnings: string[] = [];
    const burn = new BurnCaptions(width, height, (message) => warnings.push(message));
    const shown: Uint8Array[] = [];
    for await (const { data } of burn.over(frames(), [[{ text: "Привет!", start: 0.9, end: 1.5 }]], 25))
      shown.push(data);
    assert.equal(shown[0], grey);
    assert.equal(shown[2], grey);
    assert.ok(grey.every((value) => value === 100));
    const burnt = shown[1] as Uint8Array;
    const rows = (from: number, to: number): Uint8Array => burnt.subarray(from * width, to * width);
    assert.ok(rows(0, 140).every((value) => value === 100));
    assert.ok(rows(140, 180).some((value) => value > 200) && rows(140, 180).some((value) => value < 60));
    assert.equal(released, 1);
    assert.deepEqual(warnings, []);
  });
});
