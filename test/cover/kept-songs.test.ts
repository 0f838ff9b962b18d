import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { JobEvent } from "../../src/events.ts";
import { silentLog } from "../../src/log.ts";
import { KeptFolders } from "../../src/pipelines/cover/kept-folders.ts";
import { SongProgress } from "../../src/pipelines/cover/song-progress.ts";
import { Speeds } from "../../src/pipelines/cover/speeds.ts";
import type { PipelineContext } from "../../src/pipelines/pipeline.ts";

const folder = await mkdtemp(join(tmpdir(), "talkbox-kept-"));
after(() => rm(folder, { recursive: true, force: true }));

const open = (name: string, limitBytes = 1e6, freshMs = 0): KeptFolders =>
  new KeptFolders({
    root: join(folder, name),
    limitBytes,
    freshMs,
    longestMs: 1e6,
    abandonedMs: 60_000,
    log: silentLog(),
  });

async function put(folders: KeptFolders, key: string, bytes = 100) {
  await using draft = await folders.draft();
  await writeFile(join(draft.dir, "a.bin"), Buffer.alloc(bytes, key));
  return await draft.keep(key, { key });
}

/** Says when a folder was used last, in seconds ago. */
async function used(name: string, key: string, ago: number): Promise<void> {
  const when = new Date(Date.now() - ago * 1000);
  await utimes(join(folder, name, key, "kept.json"), when, when);
}

const names = async (name: string): Promise<string[]> => (await readdir(join(folder, name))).toSorted();

describe("folders that are kept", () => {
  it("are there as a whole or not at all", async () => {
    const folders = open("whole");
    assert.equal(await folders.find("one"), undefined);
    {
      using made = await put(folders, "one");
      assert.deepEqual(made.about, { key: "one" });
    }
    using found = await folders.find("one");
    assert.deepEqual(found?.about, { key: "one" });
    assert.equal((await readFile(join(found?.dir ?? "", "a.bin"))).length, 100);
    {
      await using left = await folders.draft();
      await writeFile(join(left.dir, "b.bin"), "half");
    }
    assert.deepEqual(await names("whole"), ["one"]);
    await writeFile(join(found?.dir ?? "", "a.bin"), "cut");
    assert.equal(await folders.find("one"), undefined);
    using anew = await put(folders, "one");
    assert.equal((await readFile(join(anew.dir, "a.bin"))).length, 100);
    assert.deepEqual(await names("whole"), ["one"]);
  });

  it("go when there are too many bytes, those that were not used for longest first, none that is held or fresh", async () => {
    const folders = open("many", 350);
    for (const [key, ago] of [
      ["old", 300],
      ["held", 400],
      ["young", 100],
    ] as const) {
      (await put(folders, key))[Symbol.dispose]();
      await used("many", key, ago);
    }
    {
      using held = await folders.find("held");
      await used("many", "held", 400);
      (await put(folders, "new"))[Symbol.dispose]();
      assert.deepEqual(await names("many"), ["held", "new", "young"]);
      assert.ok(held);
    }
    await open("many", 250).clean();
    assert.deepEqual(await names("many"), ["new", "young"]);
    await used("many", "young", 2000);
    await open("many").clean();
    assert.deepEqual(await names("many"), ["new"], "nobody came back to the other in time");
    (await put(folders, "young"))[Symbol.dispose]();
    const patient = open("many", 50, 1e6);
    await patient.clean();
    assert.deepEqual(await names("many"), ["new", "young"], "another process may read what was used just now");
  });

  it("are cleared of what processes that died have left", async () => {
    const folders = open("left");
    await mkdir(join(folder, "left/.making-dead"), { recursive: true });
    await mkdir(join(folder, "left/.making-alive"), { recursive: true });
    const when = new Date(Date.now() - 100_000);
    await utimes(join(folder, "left/.making-dead"), when, when);
    await folders.clean();
    assert.deepEqual(await names("left"), [".making-alive"]);
  });
});

describe("speeds", () => {
  it("are the median of the runs nearest in length, and survive what cannot be read", async () => {
    const path = join(folder, "speeds/speeds.json");
    const speeds = new Speeds(path);
    assert.equal((await speeds.expectations())("mix", 100), undefined);
    for (const took of [50, 10, 11, 12, 9]) await speeds.note("mix", 100, took);
    // Short ones bear their start.
    for (let i = 0; i < 5; i++) await speeds.note("mix", 1, 2);
    const expected = await speeds.expectations();
    assert.deepEqual([expected("mix", 100), expected("mix", 200), expected("mix", 1)], [11, 22, 2]);
    assert.equal(expected("sing", 100), undefined);
    for (let i = 0; i < 40; i++) await speeds.note("mix", 100, 20);
    assert.equal((await speeds.expectations())("mix", 100), 20, "a machine that has changed is learnt anew");
    await writeFile(path, "{");
    assert.equal((await speeds.expectations())("mix", 100), undefined);
    await speeds.note("mix", 10, 1);
    assert.equal((await speeds.expectations())("mix", 100), 10);
  });
});

describe("progress through a song", () => {
  it("goes by what stages take, and says how long it will be", async () => {
    let clock = 0;
    const speeds = new Speeds(join(folder, "progress.json"));
    const events: (JobEvent & { type: "progress" })[] = [];
    const context = {
      emit: (event: JobEvent) => event.type === "progress" && events.push(event),
    } as unknown as PipelineContext;
    const stages = [
      { name: "separate", sound: 100, guess: 0.1 },
      { name: "sing", sound: 100, guess: 0.3 },
    ];
    /** A song whose stages take these seconds. */
    const sing = async (seconds: readonly [number, number]): Promise<SongProgress> => {
      const progress = await SongProgress.plan(stages, speeds, () => clock * 1000);
      for (const [i, took] of seconds.entries()) {
        await progress.run(i, context, async (inner) => {
          for (const share of [0, 0.5, 1]) {
            inner.emit({ type: "progress", progress: 0.98 * share, stage: "x", stage_progress: share });
            if (share < 1) clock += took / 2;
          }
        });
      }
      return progress;
    };
    const first = await sing([10, 30]);
    assert.equal(first.expected, undefined);
    assert.equal(first.took, 40);
    const round = (value: number | undefined) => (value === undefined ? undefined : Math.round(value * 100) / 100);
    assert.deepEqual(
      events.map(({ progress, eta_seconds }) => [round(progress), eta_seconds]),
      [
        [0, undefined],
        [0.12, undefined],
        [0.25, undefined],
        [0.25, undefined],
        [0.61, 15],
        [0.98, 0],
      ],
    );
    events.length = 0;
    const second = await sing([20, 30]);
    assert.equal(second.expected, 40);
    assert.deepEqual(
      events.map(({ eta_seconds }) => eta_seconds),
      // Half of what was learnt, and half of what is seen.
      [40, 37.5, 30, 30, 15, 0],
    );
  });
});
