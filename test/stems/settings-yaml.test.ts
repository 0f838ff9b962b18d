import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSettingsYaml } from "../../src/engines/stems/roformer/settings-yaml.ts";

/** As plain objects. */
const read = (text: string): unknown => JSON.parse(JSON.stringify(parseSettingsYaml(text)));

describe("settings in YAML", () => {
  it("are read as PyYAML reads them: maps, lists, brackets over several lines, tags, comments, quotes", () => {
    const text = `---
# as trainers write it
audio:
  chunk_size: 352800 # samples
  min_mean_abs: 0.000
model:
  stereo: true
  freqs_per_bands: !!python/tuple
    - 2
    - 12
  windows: !!python/tuple [4096, 2048,
    1024]
  probs:
    !!python/tuple # on a line of its own
    - 0.2
    - 0.02
training:
  instruments:
  - vocals
  - 'no drum-bass'
  - "other: x # y"
  lr: 1.0e-05
  target_instrument: null
  patience:
  coarse: No
augmentations: {enable: true, all: {shuffle: .5, kinds: [a, {b: 'c, d'}]}, empty: []}
list:
- name: a
  v: -1
-   name: b
    v: +2
- - 1
  - x y
note: |
  kept: as text
q: it's here
"quoted key": 1_000
`;
    assert.deepEqual(read(text), {
      audio: { chunk_size: 352_800, min_mean_abs: 0 },
      model: { stereo: true, freqs_per_bands: [2, 12], windows: [4096, 2048, 1024], probs: [0.2, 0.02] },
      training: {
        instruments: ["vocals", "no drum-bass", "other: x # y"],
        lr: 1e-5,
        target_instrument: null,
        patience: null,
        coarse: false,
      },
      augmentations: { enable: true, all: { shuffle: 0.5, kinds: ["a", { b: "c, d" }] }, empty: [] },
      list: [{ name: "a", v: -1 }, { name: "b", v: 2 }, [1, "x y"]],
      note: "kept: as text",
      q: "it's here",
      "quoted key": 1000,
    });
    assert.deepEqual(read(text.replaceAll("\n", "\r\n")), read(text));
    assert.equal(read(""), null);
    assert.deepEqual(read("- 1\n- [2]\n"), [1, [2]]);
  });

  it("make no prototypes, and nothing is built of tags", () => {
    const made = parseSettingsYaml(
      "__proto__:\n  polluted: 1\nconstructor: 2\nx: !!python/object/apply:os.system [ls]\n",
    );
    assert.equal(Object.getPrototypeOf(made), null);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.deepEqual(Object.keys(made as object), ["__proto__", "constructor", "x"]);
  });

  it("that are none are refused by the line", () => {
    for (const [text, said] of [
      ["a: 1\nb c\n", /line 2: "b c" is no "key: value"/],
      ["a:\n    b: 1\n  c: 2\n", /line 3/],
      ["a: 1\n  b: 2\n", /line 2: "b: 2" belongs to nothing/],
      ["a: [1, 2\nb: 3\n", /is not closed|stands where a comma/],
      ["a: [1, 2", /line 1: a bracket is not closed/],
      ["a: [1] 2\n", /line 1: something follows a bracket/],
      ["a: &x 1\nb: *x\n", /line 1: anchors and aliases/],
      ["a: 1\n---\nb: 2\n", /line 2: a second document/],
      ["a:\n\tb: 1\n", /line 2: it is indented by tabs/],
      [`a: ${"x".repeat(5000)}\n`, /line 1: it is longer than 4096/],
      [`a: ${"[".repeat(60)}${"]".repeat(60)}\n`, /too deep/],
      [`${Array.from({ length: 60 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")}\n`, /too deep/],
      ['a: "\\x"\n', /no text in quotes/],
    ] as const) {
      assert.throws(() => parseSettingsYaml(text), said, text.slice(0, 30));
    }
  });
});
