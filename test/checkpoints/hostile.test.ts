import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromBuffer } from "../../src/checkpoints/byte-source.ts";
import { readFloat32 } from "../../src/checkpoints/checkpoint.ts";
import { readFaissIndex } from "../../src/checkpoints/faiss-index.ts";
import { openCheckpoint, readCheckpoint } from "../../src/checkpoints/open-checkpoint.ts";
import { AppError } from "../../src/errors.ts";
import { TempDir } from "../../src/media/temp.ts";
import { PickleWriter } from "./pickle-writer.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const fixture = (file: string): Buffer => readFileSync(join(fixtures, file));
const read = (bytes: Buffer, name = "model.pth") => readCheckpoint(fromBuffer(name, bytes));

describe("hostile files", () => {
  const mark = join(import.meta.dirname, "pickle-was-run");
  const attacks: Record<string, Buffer> = {
    "posix.system by REDUCE": new PickleWriter().global("posix", "system").op("(").text(`touch ${mark}`).op("tR").end(),
    "builtins.eval": new PickleWriter().global("builtins", "eval").op("(").text("1+1").op("tR").end(),
    "os.system by STACK_GLOBAL": new PickleWriter(4).text("os").text("system").op("\x93(").text("id").op("tR").end(),
    "subprocess.Popen by NEWOBJ": new PickleWriter().global("subprocess", "Popen").op("(").text("id").op("t\x81").end(),
    "runpy by INST": new PickleWriter().op("(").text("x").op("irunpy\nrun_path\n").end(),
    "os.system in text": Buffer.from("cos\nsystem\n(S'echo run'\ntR."),
    "a dict in text": Buffer.from("(dp0\nS'weight'\np1\nI1\ns."),
    "an extension": new PickleWriter().raw([0x82, 1]).end(),
    "a getattr chain": new PickleWriter().global("builtins", "getattr").op(")R").end(),
    "torch's own loader": new PickleWriter().global("torch.hub", "load").op(")R").end(),
    "a name that hides in TorchScript's form": new PickleWriter().global("__torch__.evil", "Net").op(")\x81").end(),
  };
  for (const [what, bytes] of Object.entries(attacks)) {
    it(`${what} is refused by name, with nothing run`, async () => {
      await assert.rejects(read(bytes), (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "model_unusable");
        assert.match(error.message, /^model\.pth: it contains (the name|the pickle opcode) .*nothing of it was run/);
        return true;
      });
      assert.ok(!existsSync(mark));
    });
  }

  it("keys that would reach a prototype are keys", async () => {
    const bytes = new PickleWriter().op("}").text("__proto__").op("}").text("polluted").int(1).op("ss").end();
    const { root } = await read(bytes);
    assert.ok(root instanceof Map && root.has("__proto__"));
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });

  const lies: Record<string, [Buffer, RegExp]> = {
    "a text of 4 GB": [new PickleWriter().raw([0x58, 255, 255, 255, 255]).end(), /a text has 4294967295 bytes/],
    "bytes of 16 exabytes": [
      new PickleWriter(4).raw([0x8e, 255, 255, 255, 255, 255, 255, 255, 127]).end(),
      /cut short/,
    ],
    "an integer of 4 GB": [new PickleWriter().raw([0x8b, 255, 255, 255, 255]).end(), /an integer has/],
    "a safetensors header of 4 GB": [
      Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), Buffer.from("{}".padEnd(40))]),
      /its header would have 4294967296 bytes\. Download it again/,
    ],
    "a safetensors header that is cut": [
      fixture("flat.safetensors").subarray(0, 100),
      /it is cut short: its header alone has \d+ bytes/,
    ],
    "an empty file": [Buffer.alloc(0), /it is empty/],
    "a web page": [Buffer.from("<!DOCTYPE html><html></html>"), /it is a web page/],
    "a pointer of Git LFS": [Buffer.from("version https://git-lfs.github.com/spec/v1\n"), /a pointer of Git LFS/],
    "a zip of something else": [fixture("arrays.npz").subarray(0, 100), /the download was cut short/],
  };
  for (const [what, [bytes, message]] of Object.entries(lies)) {
    it(`${what} is told`, async () => {
      await assert.rejects(read(bytes), { code: "model_unusable", message });
    });
  }

  it("files that are cut short say so, wherever the cut is", async () => {
    for (const file of [
      "flat.pth",
      "wrapped-legacy.pth",
      "scripted.pt",
      "flat.safetensors",
      "plain.pkl",
      "array.npy",
    ]) {
      const whole = fixture(file);
      for (const share of [0.1, 0.5, 0.9, 0.999]) {
        const cut = whole.subarray(0, Math.floor(whole.length * share));
        await assert.rejects(
          read(cut, file),
          { code: "model_unusable", message: new RegExp(`^${file}: `) },
          `${share}`,
        );
      }
    }
  });

  it("the same is true of a file on disk, which is closed again", async () => {
    await using dir = await TempDir.create();
    await writeFile(dir.file("cut.pth"), fixture("flat.pth").subarray(0, 3000));
    await assert.rejects(openCheckpoint(dir.file("cut.pth")), { code: "model_unusable", message: /^cut\.pth: / });
    await assert.rejects(openCheckpoint(dir.file("none.pth")), { code: "model_unusable", message: /cannot be opened/ });
  });

  it("a folder is told", async () => {
    await assert.rejects(openCheckpoint(fixtures), { code: "model_unusable", message: /^fixtures: it is a folder\./ });
  });

  it("a tensor that repeats one element a billion times is refused", async () => {
    await assert.rejects(read(fixture("repeated.pth")), {
      code: "model_unusable",
      message: /repeats 1 elements/,
    });
  });

  it("a shard that lies elsewhere is not opened", async () => {
    await using dir = await TempDir.create();
    const index = dir.file("model.safetensors.index.json");
    await writeFile(index, JSON.stringify({ weight_map: { a: "../../etc/passwd.safetensors" } }));
    await assert.rejects(openCheckpoint(index), { code: "model_unusable", message: /none beside it/ });
  });
});

/** A generator of numbers that repeats itself: xorshift32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

describe("mutations of true files", () => {
  const files = [
    "flat.pth",
    "voice.pth",
    "wrapped-legacy.pth",
    "scripted.pt",
    "plain.pkl",
    "arrays-2.pkl",
    "arrays-4.pkl",
    "arrays.npz",
    "arrays-compressed.npz",
    "array.npy",
    "flat.safetensors",
    "ivf.index",
    "sparse.index",
  ];
  const CASES = 10_000;

  it(`${CASES} of them: each is read or refused with the file's name; none crashes, hangs or takes memory`, async () => {
    const random = randomFrom(20_240_607);
    const wholes = files.map((file) => ({ file, bytes: fixture(file) }));
    let refused = 0;
    for (let i = 0; i < CASES; i++) {
      const { file, bytes } = wholes[i % wholes.length] as (typeof wholes)[0];
      const mutant = mutate(bytes, random);
      try {
        if (file.endsWith(".index")) {
          using index = readFaissIndex(fromBuffer(file, mutant));
          await index.centroids();
          for (const list of index.sizes.keys()) await index.list(list);
        } else {
          using checkpoint = await readCheckpoint(fromBuffer(file, mutant));
          for (const tensor of checkpoint.tensors.values()) await readFloat32(tensor);
        }
      } catch (error) {
        assert.ok(error instanceof AppError, `case ${i} (${file}): ${String((error as Error).stack)}`);
        assert.equal(error.code, "model_unusable", `case ${i} (${file}): ${error.message}`);
        assert.ok(error.message.startsWith(`${file}: `), error.message);
        refused++;
      }
    }
    assert.ok(refused > CASES / 10 && refused < CASES, `${refused} refused`);
    assert.ok(process.memoryUsage().arrayBuffers < 200e6);
  });
});

/** Some bytes changed, at the front more often, where the structure is; or a part left out, doubled or cut off. */
function mutate(bytes: Buffer, random: () => number): Buffer {
  const at = (): number => Math.floor(random() ** (random() < 0.5 ? 4 : 1) * bytes.length);
  const kind = random();
  if (kind < 0.1) return bytes.subarray(0, at());
  if (kind < 0.2) {
    const [from, to] = [at(), at()].toSorted((a, b) => a - b) as [number, number];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  }
  if (kind < 0.3) {
    const [from, to] = [at(), at()].toSorted((a, b) => a - b) as [number, number];
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  }
  const changed = Buffer.from(bytes);
  for (let count = 1 + Math.floor(random() * 6); count > 0; count--) {
    const place = at();
    const value = random();
    changed[place] = value < 0.2 ? 0xff : value < 0.4 ? 0 : Math.floor(random() * 256);
  }
  return changed;
}
