import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { NEIGHBOURS } from "../../src/engines/voice/rvc/neighbours.ts";
import { openRetrieval, type Retrieval } from "../../src/engines/voice/rvc/retrieval.ts";
import { isAbort } from "../../src/errors.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { liveTempDirs, TempDir } from "../../src/media/temp.ts";
import {
  flatFile,
  invertedFile,
  LISTS,
  makeVectors,
  QUERIES,
  readGolden,
  rowOf,
  sha256,
  WIDTH,
} from "./index-vectors.ts";

const dir = await TempDir.create();
const cache = new ModelCache();
const { signal } = new AbortController();
const golden = readGolden();
const { vectors, centroids, queries } = makeVectors();
const RATE = 0.75;

after(async () => {
  await cache[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function open(name: string, bytes: Buffer, width = WIDTH): Promise<Retrieval> {
  const path = join(dir.path, name);
  await writeFile(path, bytes);
  const retrieval = await openRetrieval({ path, width, cache }, signal);
  assert.ok(retrieval);
  return retrieval;
}

/** Fails where other vectors were found than faiss found, or at other distances. */
async function assertAsFaiss(retrieval: Retrieval, kind: string): Promise<void> {
  const found = await retrieval.search(queries, signal);
  assert.equal(found.length, QUERIES);
  const [ids, distances] = [golden.ids(kind), golden.distances(kind)];
  for (const [query, frame] of found.entries()) {
    const at = query * NEIGHBOURS;
    assert.deepEqual([...frame.ids], [...ids.subarray(at, at + NEIGHBOURS)], `query ${query}`);
    for (const [i, distance] of frame.distances.entries()) {
      const expected = distances[at + i] as number;
      if (frame.ids[i] === -1) assert.equal(expected, Math.fround(3.402_823_5e38));
      else
        assert.ok(Math.abs(distance - expected) <= 1e-4 + 1e-5 * expected, `query ${query}: ${distance}, ${expected}`);
    }
  }
}

describe("a voice's index", () => {
  for (const [kind, probes] of [
    ["ivf", 1],
    ["probes", 3],
  ] as const) {
    it(`of 20,000 vectors in lists, ${probes} to look into: faiss's own file, and what faiss finds in it`, async () => {
      const file = invertedFile(vectors, centroids, golden.lists, { probes });
      assert.equal(sha256(file), golden.files[kind]);
      await using retrieval = await open(`${kind}.index`, file);
      assert.equal(retrieval.count, 20_000);
      await assertAsFaiss(retrieval, kind);
    });
  }

  it("that is flat: faiss's own file, and what faiss finds in it", async () => {
    const file = flatFile(vectors);
    assert.equal(sha256(file), golden.files["flat"]);
    await using retrieval = await open("flat.index", file);
    await assertAsFaiss(retrieval, "flat");
  });

  it("is mixed in as RVC does; met exactly it is the vector, and where nothing is found the frame stays", async () => {
    await using retrieval = await open("mixed.index", invertedFile(vectors, centroids, golden.lists));
    const mixed = await retrieval.mix(queries, RATE, signal);
    let worst = 0;
    for (let row = 0; row * WIDTH < golden.mixed.length; row++) {
      const expected = rowOf(golden.mixed, row);
      for (const [i, x] of rowOf(mixed, 3 + 16 * row).entries()) {
        worst = Math.max(worst, Math.abs(x - (expected[i] as number)));
      }
    }
    assert.ok(worst < 1e-5, `differs by ${worst}`);
    for (const [i, x] of rowOf(mixed, 0).entries()) assert.ok(Math.abs(x - (vectors[i] as number)) < 1e-6);
    assert.deepEqual(rowOf(mixed, 2), rowOf(queries, 2));
    // Three in the last list: five of the eight are none.
    const own = rowOf(queries, 1);
    assert.ok(rowOf(mixed, 1).every((x, i) => Number.isFinite(x) && Math.abs(x - (own[i] as number)) < 1));
    assert.deepEqual(await retrieval.mix(queries, 0, signal), queries);
    assert.equal((await retrieval.mix(new Float32Array(0), RATE, signal)).length, 0);
  });

  it("finds the same whatever stands around a frame, in blocks of any length", async () => {
    await using retrieval = await open("blocks.index", invertedFile(vectors, centroids, golden.lists));
    const alone = await retrieval.mix(rowOf(queries, 7), RATE, signal);
    const many = new Float32Array(1100 * WIDTH);
    for (let i = 0; i < 1100; i++) many.set(rowOf(queries, i % QUERIES), i * WIDTH);
    const mixed = await retrieval.mix(many, RATE, signal);
    assert.deepEqual(rowOf(mixed, 7), alone);
    // Frame 1087 stands in the second block.
    assert.equal(1087 % QUERIES, 127);
    assert.deepEqual(rowOf(mixed, 1087), rowOf(mixed, 127));
  });

  it("with NaN in a vector, or a frame with NaN, touches nothing else", async () => {
    const spoiled = vectors.slice();
    spoiled[4 * WIDTH + 5] = Number.NaN;
    const asked = queries.slice(0, 12 * WIDTH);
    rowOf(asked, 8).set(rowOf(vectors, 4));
    asked[9 * WIDTH] = Number.NaN;
    for (const [name, file] of [
      ["nan-lists.index", invertedFile(spoiled, centroids, golden.lists)],
      ["nan-flat.index", flatFile(spoiled)],
    ] as const) {
      await using retrieval = await open(name, file);
      const found = await retrieval.search(asked, signal);
      const kind = name.includes("flat") ? "flat" : "ivf";
      assert.deepEqual([...(found[3]?.ids ?? [])], [...golden.ids(kind).subarray(24, 32)]);
      assert.ok(found[8] && !found[8].ids.includes(4) && (found[8].ids[0] as number) >= 0);
      assert.deepEqual(
        [...(found[9]?.ids ?? [])],
        Array.from({ length: NEIGHBOURS }, () => -1),
      );
      const mixed = await retrieval.mix(asked, RATE, signal);
      assert.ok(rowOf(mixed, 8).every(Number.isFinite));
      assert.ok(Number.isNaN(mixed[9 * WIDTH]));
      assert.deepEqual(rowOf(mixed, 9).subarray(1), rowOf(asked, 9).subarray(1));
    }
    const nowhere = centroids.slice();
    nowhere[3] = Number.NaN;
    const path = join(dir.path, "nowhere.index");
    await writeFile(path, invertedFile(vectors, nowhere, golden.lists));
    await assert.rejects(openRetrieval({ path, width: WIDTH, cache }, signal), {
      code: "model_unusable",
      message: /^nowhere\.index: a centroid of it is NaN/,
    });
  });

  it("of less than eight vectors, and of one list, is searched too", async () => {
    const few = vectors.subarray(0, 5 * WIDTH);
    for (const file of [flatFile(few), invertedFile(few, centroids.subarray(0, WIDTH), [0, 0, 0, 0, 0])]) {
      await using retrieval = await open("few.index", file);
      const [first] = await retrieval.search(queries.subarray(0, WIDTH), signal);
      assert.equal(first?.ids[0], 0);
      assert.deepEqual(
        [...(first?.ids ?? [])].toSorted((a, b) => a - b),
        [-1, -1, -1, 0, 1, 2, 3, 4],
      );
    }
  });

  it("without vectors is no index, and says so", async () => {
    const path = join(dir.path, "trained_IVF512_Flat.index");
    await writeFile(path, invertedFile(new Float32Array(0), centroids, []));
    const said: string[] = [];
    const opened = await openRetrieval({ path, width: WIDTH, cache, warn: (message) => said.push(message) }, signal);
    assert.equal(opened, undefined);
    assert.match(said.join(), /trained_IVF512_Flat\.index holds no vectors .* added_/);
  });

  it("of another width, or another metric, is refused with what to do", async () => {
    const path = join(dir.path, "other.index");
    await writeFile(path, invertedFile(vectors, centroids, golden.lists));
    await assert.rejects(openRetrieval({ path, width: 768, cache }, signal), {
      code: "model_unusable",
      message:
        /^other\.index: its vectors have 256 numbers, and the voice's features have 768\. It belongs to a voice of RVC v1\..*index_rate/,
    });
    await writeFile(path, flatFile(vectors, WIDTH, 0));
    await assert.rejects(openRetrieval({ path, width: WIDTH, cache }, signal), {
      code: "model_unusable",
      message: /inner product/,
    });
  });

  it("is let go when the job is cancelled, and nothing of it is left", async () => {
    assert.deepEqual(
      liveTempDirs().filter((path) => path !== dir.path),
      [],
    );
    await using retrieval = await open("cancelled.index", invertedFile(vectors, centroids, golden.lists));
    const abort = new AbortController();
    const work = retrieval.mix(queries, RATE, abort.signal);
    abort.abort();
    await assert.rejects(work, isAbort);
    // It answers afterwards as before.
    const again = await retrieval.search(queries.subarray(0, WIDTH), signal);
    assert.equal(again[0]?.ids[0], 0);
    assert.equal(LISTS, centroids.length / WIDTH);
  });
});
