import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outputFileName, parseKey, safeName } from "../../src/storage/file-name.ts";

const stem = (text: string) => outputFileName(text, "mp4").replace(/_[0-9a-f]{8}\.mp4$/, "");

describe("outputFileName", () => {
  it("takes ten code points of the text and eight hex digits", () => {
    assert.match(outputFileName("안녕하세요. 반갑습니다.", "mp4"), /^안녕하세요\. 반갑습_[0-9a-f]{8}\.mp4$/);
    assert.notEqual(outputFileName("a", "wav"), outputFileName("a", "wav"));
    assert.equal(stem("👩‍🚀".normalize() + "abcdefghijk"), "👩🚀abcdefg");
  });

  it("composes Korean that came in parts", () => {
    assert.equal(stem("안녕하세요".normalize("NFD")), "안녕하세요");
    assert.equal(stem("가나다라마바사아자차카타".normalize("NFD")), "가나다라마바사아자차");
  });

  it("leaves out path, control and reserved characters and outer blanks", () => {
    assert.equal(stem(' a<>:"|b'), "ab");
    assert.equal(stem("../../etc"), "etc");
    assert.equal(stem("a/b\\c\0\n\u0085d"), "abcd");
    assert.equal(stem("a?*#%b"), "ab");
    assert.equal(stem("a\u202Eb\u200Bc"), "abc");
  });

  it("is `output` when nothing is left", () => {
    for (const text of ["", "   ", "///", "\ud800", "...", "??????????안녕"])
      assert.equal(stem(text), "output", JSON.stringify(text));
  });

  it("keeps marks in their order when what stood between them is left out", () => {
    const text = "\u8f0f\u033b\udf4e\u064c";
    assert.equal(stem(text), "\u8f0f\u064c\u033b");
    assert.equal(safeName("a\u033b\u200b\u064c"), "a\u064c\u033b");
  });

  it("always makes a name that a store takes", () => {
    for (let round = 0; round < 2000; round++) {
      const text = String.fromCharCode(...Array.from({ length: 12 }, () => Math.floor(Math.random() * 0xffff)));
      const name = outputFileName(text, "mp4");
      assert.deepEqual(parseKey(`realtime/${name}`), ["realtime", name], JSON.stringify(text));
    }
  });
});

describe("safeName", () => {
  it("keeps good names", () => {
    for (const name of ["a.wav", "안녕 하세요.mp4", "a_b-c.1.mp3", "é.png"]) assert.equal(safeName(name), name);
  });

  it("leaves no way out, no hidden file, no device", () => {
    const made = [
      "../../etc/passwd",
      "C:\\x\\y.wav",
      "..",
      ".",
      "",
      ".ssh",
      "a/",
      "con",
      "NUL.txt",
      "a. ",
      "x\0.wav",
      "\u202Egpj.exe",
    ];
    assert.deepEqual(
      made.map((name) => safeName(name)),
      ["passwd", "y.wav", "file", "file", "file", "ssh", "file", "_con", "_NUL.txt", "a", "x.wav", "gpj.exe"],
    );
  });

  it("cuts long names at a code point and keeps the extension", () => {
    const name = safeName(`${"한".repeat(5000)}.wav`);
    assert.ok(Buffer.byteLength(name) <= 240);
    assert.match(name, /^한+\.wav$/);
  });

  it("is its own fixed point", () => {
    for (let round = 0; round < 2000; round++) {
      const name = String.fromCharCode(...Array.from({ length: 20 }, () => Math.floor(Math.random() * 300)));
      assert.equal(safeName(safeName(name)), safeName(name), JSON.stringify(name));
    }
  });
});
