import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../../src/errors.ts";
import {
  compareExisting,
  downloadFile,
  type Downloaded,
  type DownloadOptions,
} from "../../../src/library/models/pull/download.ts";
import type { Manifest } from "../../../src/library/models/pull/manifest.ts";
import { type Pulled, pullManifest, type PullManifestOptions } from "../../../src/library/models/pull/pull-manifest.ts";
import { type ModelSource, parseSource, type SourceSettings } from "../../../src/library/models/pull/source.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { claimFile } from "../../../src/storage/outbox/claim.ts";
import { FileServer } from "./file-server.ts";

/** Bytes that begin as a pickle does, and are long enough for several pieces. */
const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i * 31 + (i >> 8)));
CONTENT.set([0x80, 2], 0);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const OTHER = Buffer.from(CONTENT).fill(7, 1000);

const AT_ONCE = { tries: 3, pauseMs: 1, longestPauseMs: 5 } as const;
const noBucket = (): never => assert.fail("no bucket is asked");

class Bench implements AsyncDisposable {
  readonly server: FileServer;
  readonly #dir: TempDir;

  private constructor(server: FileServer, dir: TempDir) {
    this.server = server;
    this.#dir = dir;
  }

  static async open(content = CONTENT): Promise<Bench> {
    const bench = new Bench(await FileServer.start(), await TempDir.create());
    bench.server.files.set("/model.pth", content);
    return bench;
  }

  get folder(): string {
    return this.#dir.path;
  }

  get target(): string {
    return join(this.folder, "model.pth");
  }

  get settings(): SourceSettings {
    return { huggingFace: { endpoint: this.server.origin, token: "" }, bucket: noBucket };
  }

  source(path = "/model.pth"): ModelSource {
    return parseSource(`${this.server.origin}${path}`, this.settings);
  }

  download(
    expected: { bytes?: number; sha256?: string; end?: { bytes: number; md5: string } } = {},
    options: Partial<DownloadOptions> = {},
    source = this.source(),
  ): Promise<Downloaded> {
    const { bytes = null, sha256 = null, end } = expected;
    const signal = new AbortController().signal;
    return downloadFile(source, this.target, { bytes, sha256, end }, { signal, retry: AT_ONCE, ...options });
  }

  async files(): Promise<string[]> {
    return (await readdir(this.folder)).toSorted();
  }

  /** Stops a download after some bytes; the part stays. */
  async begin(bytes: number): Promise<void> {
    const abort = new AbortController();
    this.server.faults.push({ holdAfter: bytes });
    const progress = (at: number): void => {
      if (at >= bytes) abort.abort();
    };
    await assert.rejects(this.download({}, { signal: abort.signal, progress }), { code: "cancelled" });
    assert.equal((await stat(`${this.target}.part`)).size, bytes);
    this.server.requests.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}

describe("a download of a model", () => {
  it("arrives whole, with progress, and says what its content was compared with", async () => {
    await using bench = await Bench.open();
    const seen: (readonly [number, number | undefined])[] = [];
    const progress = (bytes: number, total: number | undefined): void => void seen.push([bytes, total]);
    const bytes = CONTENT.length;
    assert.deepEqual(await bench.download({ bytes, sha256: SHA256 }, { progress }), {
      bytes,
      sha256: SHA256,
      verified: "manifest",
    });
    assert.deepEqual(
      [seen[0], seen.at(-1)],
      [
        [0, bytes],
        [bytes, bytes],
      ],
    );
    assert.ok((await readFile(bench.target)).equals(CONTENT));
    assert.deepEqual(await bench.files(), ["model.pth"]);
    await rm(bench.target);
    assert.equal((await bench.download({ bytes })).verified, "size");
    await rm(bench.target);
    bench.server.lengths = false;
    assert.equal((await bench.download()).verified, "nothing");
  });

  it("goes on where the connection broke, as often as it breaks while bytes come", async () => {
    await using bench = await Bench.open();
    for (let i = 0; i < 8; i++) bench.server.faults.push({ cutAfter: 30_000 });
    assert.equal((await bench.download({ sha256: SHA256 })).sha256, SHA256);
    const { requests } = bench.server;
    assert.equal(requests.length, 9);
    assert.equal(requests[0]?.range, undefined);
    assert.deepEqual([requests[1]?.range, requests[1]?.ifRange], ["bytes=30000-", '"one"']);
    assert.equal(requests[8]?.range, "bytes=240000-");
  });

  it("gives up when nothing comes several times in a row; what came stays for the next call", async () => {
    await using bench = await Bench.open();
    bench.server.faults.push({ cutAfter: 50_000 }, { status: 500 }, { status: 502 }, { status: 500 });
    await assert.rejects(bench.download(), { code: "download_failed", message: /answered 50\d/ });
    assert.deepEqual(await bench.files(), ["model.pth.part", "model.pth.part.json"]);
    bench.server.faults.length = 0;
    bench.server.requests.length = 0;
    assert.equal((await bench.download()).sha256, SHA256);
    assert.equal(bench.server.requests[0]?.range, "bytes=50000-");
  });

  it("cancelled, the next call goes on from there", async () => {
    await using bench = await Bench.open();
    await bench.begin(100_000);
    assert.equal((await bench.download()).sha256, SHA256);
    assert.deepEqual(
      bench.server.requests.map(({ range }) => range),
      ["bytes=100000-"],
    );
    assert.deepEqual(await bench.files(), ["model.pth"]);
  });

  it("a file that has changed meanwhile is downloaded anew, whether or not the server looks at If-Range", async () => {
    for (const heeds of [true, false]) {
      await using bench = await Bench.open();
      await bench.begin(100_000);
      bench.server.files.set("/model.pth", OTHER);
      bench.server.etag = '"two"';
      bench.server.heedsIfRange = heeds;
      await bench.download();
      assert.ok((await readFile(bench.target)).equals(OTHER));
    }
  });

  it("a server that knows no ranges, answers 416 or sends another part is read from the start", async () => {
    for (const habit of [{ ranges: false }, { wrongStart: 5 }, { wrongStart: CONTENT.length }]) {
      await using bench = await Bench.open();
      await bench.begin(100_000);
      Object.assign(bench.server, habit);
      const { sha256 } = await bench.download();
      assert.equal(sha256, SHA256, JSON.stringify(habit));
    }
  });

  it("without a tag, or with a weak one, what came counts only where a hash can tell at the end", async () => {
    for (const etag of [undefined, 'W/"one"']) {
      await using bench = await Bench.open();
      bench.server.etag = etag;
      await bench.begin(100_000);
      await bench.download({ sha256: SHA256 });
      assert.equal(bench.server.requests[0]?.range, "bytes=100000-");
      await rm(bench.target);
      await bench.begin(100_000);
      await bench.download();
      assert.equal(bench.server.requests[0]?.range, undefined);
      assert.ok((await readFile(bench.target)).equals(CONTENT));
    }
  });

  it("a date stands in for a tag", async () => {
    await using bench = await Bench.open();
    bench.server.etag = undefined;
    bench.server.lastModified = "Sat, 01 Jan 2000 00:00:00 GMT";
    await bench.begin(100_000);
    await bench.download();
    const [request] = bench.server.requests;
    assert.deepEqual([request?.range, request?.ifRange], ["bytes=100000-", "Sat, 01 Jan 2000 00:00:00 GMT"]);
  });

  it("a part that is whole already is compared and put in place without asking", async () => {
    await using bench = await Bench.open();
    await bench.begin(100_000);
    await writeFile(`${bench.target}.part`, CONTENT);
    assert.equal((await bench.download()).sha256, SHA256);
    assert.equal(bench.server.requests.length, 0);
  });

  it("content of another hash or size is refused, with both, and removed", async () => {
    await using bench = await Bench.open(OTHER);
    const sha256 = createHash("sha256").update(OTHER).digest("hex");
    await assert.rejects(bench.download({ sha256: SHA256 }), (error) => {
      assert.ok(error instanceof AppError && error.code === "model_unusable");
      assert.ok(error.message.includes(sha256) && error.message.includes(SHA256));
      return true;
    });
    assert.deepEqual(await bench.files(), []);
    await assert.rejects(bench.download({ bytes: 5 }), {
      code: "model_unusable",
      message: /300000 bytes instead of 5/,
    });
    assert.deepEqual(await bench.files(), []);
    bench.server.lengths = false;
    await assert.rejects(bench.download({ bytes: 5 }), {
      code: "model_unusable",
      message: /300000 bytes instead of 5/,
    });
    assert.deepEqual(await bench.files(), []);
  });

  it("a file of which only the end's hash is known is compared with that", async () => {
    await using bench = await Bench.open();
    const end = { bytes: 70_000, md5: createHash("md5").update(CONTENT.subarray(-70_000)).digest("hex") };
    await assert.rejects(bench.download({ end: { ...end, bytes: 69_999 } }), {
      code: "model_unusable",
      message: /the MD5 of its last 69999 bytes is [0-9a-f]{32} instead of/,
    });
    assert.deepEqual(await bench.files(), []);
    assert.equal((await bench.download({ end })).verified, "end");
    const whole = { bytes: 1e9, md5: createHash("md5").update(CONTENT).digest("hex") };
    assert.equal((await compareExisting(bench.target, { bytes: null, sha256: null, end: whole })).verified, "end");
    await assert.rejects(compareExisting(bench.target, { bytes: null, sha256: null, end: { ...whole, bytes: 5 } }), {
      code: "conflict",
    });
  });

  it("refusals that will not pass are not tried again, and say what to do", async () => {
    await using bench = await Bench.open();
    for (const [status, code, message] of [
      [401, "unauthorized", /Set HF_TOKEN/],
      [403, "unauthorized", /403/],
      [404, "not_found", /not there any more/],
      [451, "url_refused", /answered 451/],
    ] as const) {
      bench.server.requests.length = 0;
      bench.server.faults.push({ status });
      await assert.rejects(bench.download(), { code, message });
      assert.equal(bench.server.requests.length, 1);
    }
    assert.deepEqual(await bench.files(), []);
  });

  it("a busy server is left alone for a while and asked again", async () => {
    await using bench = await Bench.open();
    bench.server.faults.push({ status: 429, headers: { "retry-after": "120" } }, { status: 503 });
    await bench.download();
    assert.equal(bench.server.requests.length, 3);
  });

  it("of two that want one file, one downloads it and the other waits", async () => {
    await using bench = await Bench.open();
    let waited = 0;
    const waiting = (): void => void waited++;
    const [one, two] = await Promise.all([bench.download({}, { waiting }), bench.download({}, { waiting })]);
    assert.deepEqual([one.sha256, two.sha256], [SHA256, SHA256]);
    assert.equal(bench.server.requests.length, 1);
    assert.equal(waited, 1);
    assert.deepEqual(await bench.files(), ["model.pth"]);
  });

  it("a lock of a process that died is taken over; one that lives is waited for until one gives up", async () => {
    await using bench = await Bench.open();
    await writeFile(`${bench.target}.lock`, "1");
    const long = new Date(Date.now() - 7_200_000);
    await utimes(`${bench.target}.lock`, long, long);
    await bench.download();
    await rm(bench.target);
    await using claim = await claimFile(`${bench.target}.lock`, 60_000);
    assert.ok(claim);
    const abort = new AbortController();
    await assert.rejects(bench.download({}, { signal: abort.signal, waiting: () => abort.abort() }), {
      code: "cancelled",
    });
    assert.equal(bench.server.requests.length, 1);
  });

  it("a disk without place is told before a byte comes", async () => {
    await using bench = await Bench.open();
    const huge: ModelSource = {
      ...bench.source(),
      async open() {
        const body = (async function* (): AsyncGenerator<Buffer, void> {})();
        return { from: 0, total: 1e18, tag: undefined, sha256: undefined, body, async [Symbol.asyncDispose]() {} };
      },
    };
    await assert.rejects(bench.download({}, {}, huge), { code: "storage_failed", message: /MB are free\. Free some/ });
    assert.deepEqual(await bench.files(), []);
  });

  it("a full disk keeps what came", async () => {
    await using bench = await Bench.open();
    await mkdir(join(bench.folder, "full"));
    const target = join(bench.folder, "full/model.pth");
    const full: ModelSource = {
      ...bench.source(),
      async open() {
        const body = (async function* (): AsyncGenerator<Buffer, void> {
          yield CONTENT.subarray(0, 1000);
          throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        })();
        return { from: 0, total: undefined, tag: '"x"', sha256: undefined, body, async [Symbol.asyncDispose]() {} };
      },
    };
    const { signal } = new AbortController();
    await assert.rejects(downloadFile(full, target, { bytes: null, sha256: null }, { signal, retry: AT_ONCE }), {
      code: "storage_failed",
      message: /The disk is full.*goes on from there/,
    });
    assert.equal((await stat(`${target}.part`)).size, 1000);
  });
});

describe("sources of models", () => {
  it("hf: asks for the file of a revision with the token, which goes nowhere else, and takes the publisher's hash", async () => {
    await using bench = await Bench.open();
    await using storage = await FileServer.start();
    storage.files.set("/blob", CONTENT);
    const { server } = bench;
    server.redirects.set("/owner/repo/resolve/v1.0/sub/model.pth", {
      to: `${storage.origin}/blob`,
      headers: { "x-linked-etag": `"${SHA256}"`, "x-linked-size": "300000" },
    });
    const settings = { ...bench.settings, huggingFace: { endpoint: server.origin, token: "hf_secret" } };
    const source = parseSource("hf:owner/repo/sub/model.pth@v1.0", settings);
    assert.equal(source.file, "model.pth");
    assert.equal((await bench.download({}, {}, source)).verified, "publisher");
    assert.equal(server.requests[0]?.authorization, "Bearer hf_secret");
    assert.equal(storage.requests[0]?.authorization, undefined);
    await rm(bench.target);
    storage.files.set("/blob", OTHER);
    await assert.rejects(bench.download({}, {}, source), {
      code: "model_unusable",
      message: /sha256 is .* instead of/,
    });
    storage.requests.length = 0;
    await assert.rejects(bench.download({ sha256: "0".repeat(64) }, {}, source), {
      code: "model_unusable",
      message: /its publisher says/,
    });
    // The default revision is main.
    await assert.rejects(bench.download({}, {}, parseSource("hf:owner/repo/x.pth", settings)), { code: "not_found" });
    assert.equal(server.requests.at(-1)?.path, "/owner/repo/resolve/main/x.pth");
  });

  it("file: copies from a volume, and goes on where it was stopped", async () => {
    await using bench = await Bench.open();
    const original = join(bench.folder, "original.pth");
    await writeFile(original, CONTENT);
    const source = parseSource(`file:${original}`, bench.settings);
    await writeFile(`${bench.target}.part`, CONTENT.subarray(0, 100_000));
    const { mtimeMs } = await stat(original);
    const state = { source: source.text, tag: `${CONTENT.length}-${mtimeMs}`, total: CONTENT.length };
    await writeFile(`${bench.target}.part.json`, JSON.stringify(state));
    const seen: number[] = [];
    await bench.download({ sha256: SHA256 }, { progress: (bytes) => seen.push(bytes) }, source);
    assert.equal(seen[0], 100_000);
    await rm(bench.target);
    await bench.download({}, {}, parseSource(`file://${original}`, bench.settings));
    await assert.rejects(bench.download({}, {}, parseSource("file:/nowhere/x.pth", bench.settings)), {
      code: "not_found",
    });
  });

  it("what is no source is told; a signature in a URL is shown nowhere", async () => {
    await using bench = await Bench.open();
    for (const text of ["model.pth", "ftp://a/b", "hf:owner/repo", "hf:owner/../x/y", "s3://bucket", ""]) {
      assert.throws(() => parseSource(text, bench.settings), { code: "invalid_input" }, text);
    }
    assert.equal(parseSource("https://a.example/b.pth?sig=secret", bench.settings).text, "https://a.example/b.pth");
    await assert.rejects(bench.download({}, {}, parseSource("http://user:pw@127.0.0.1/x", bench.settings)), {
      code: "url_refused",
    });
  });
});

describe("a manifest of models", () => {
  const manifestOf = (server: FileServer, files: Partial<Manifest["files"][number]>[] = [{}]): Manifest => ({
    name: "test",
    title: "A test",
    page: "https://a.example/page",
    licence: { name: "MIT", notice: "Use it." },
    folder: "test/deep",
    files: files.map((file) => ({
      file: "model.pth",
      sources: [`${server.origin}/model.pth`],
      bytes: null,
      sha256: null,
      ...file,
    })),
  });
  const pull = async (
    bench: Bench,
    manifest: Manifest,
    options: Partial<PullManifestOptions> = {},
  ): Promise<Pulled[]> => {
    const { signal } = new AbortController();
    const base = { settings: bench.settings, into: bench.folder, signal, retry: AT_ONCE };
    return Array.fromAsync(pullManifest(manifest, { ...base, ...options }));
  };

  it("its files are put where it says, and are there the next time, compared with what they were", async () => {
    await using bench = await Bench.open();
    const manifest = manifestOf(bench.server);
    const [first] = await pull(bench, manifest);
    assert.equal(first?.path, join(bench.folder, "test/deep/model.pth"));
    const [second] = await pull(bench, manifest);
    assert.deepEqual([second?.source, second?.verified], ["", "record"]);
    assert.equal(bench.server.requests.length, 1);
    await writeFile(first?.path ?? "", OTHER);
    await assert.rejects(pull(bench, manifest), { code: "conflict", message: /is there already, and its sha256 is/ });
    const [forced] = await pull(bench, manifest, { force: true });
    assert.equal(forced?.sha256, SHA256);
  });

  it("the next source is tried where one has not the file; a person's place comes instead of all", async () => {
    await using bench = await Bench.open();
    const { origin } = bench.server;
    bench.server.files.set("/wrong.pth", OTHER);
    const sources = [`${origin}/none.pth`, `${origin}/wrong.pth`, `${origin}/model.pth`];
    const tried: string[] = [];
    const starting = (_: unknown, source: string): void => void tried.push(source);
    await pull(bench, manifestOf(bench.server, [{ sources, sha256: SHA256 }]), { starting });
    assert.deepEqual(tried, sources);
    bench.server.files.set("/mirror/model.pth", CONTENT);
    for (const from of [`${origin}/mirror`, `${origin}/mirror/`, `${origin}/mirror/model.pth`]) {
      tried.length = 0;
      await pull(bench, manifestOf(bench.server, [{ sources: [] }]), { from, starting, force: true });
      assert.deepEqual(tried, [`${origin}/mirror/model.pth`]);
    }
  });

  it("what is no file of weights is not kept; a project without downloads is told with its page", async () => {
    await using bench = await Bench.open(Buffer.from("<!doctype html><title>Quota exceeded</title>".padEnd(500)));
    await assert.rejects(pull(bench, manifestOf(bench.server)), {
      code: "model_unusable",
      message: /is no file of weights\. Look at https:\/\/a\.example\/page/,
    });
    assert.deepEqual(await readdir(join(bench.folder, "test/deep")), []);
    await assert.rejects(pull(bench, manifestOf(bench.server, [{ sources: [] }])), {
      code: "not_found",
      message: /no direct download of model\.pth\. Get it from https:\/\/a\.example\/page .*--from URL/,
    });
  });

  it("cancelled between files, those before stay", async () => {
    await using bench = await Bench.open();
    bench.server.files.set("/second.pth", CONTENT);
    const abort = new AbortController();
    const manifest = manifestOf(bench.server, [
      {},
      { file: "second.pth", sources: [`${bench.server.origin}/second.pth`] },
    ]);
    const starting = ({ file }: { file: string }): void => {
      if (file === "second.pth") abort.abort();
    };
    await assert.rejects(pull(bench, manifest, { signal: abort.signal, starting }), { code: "cancelled" });
    await sleep(0);
    assert.deepEqual(
      (await readdir(join(bench.folder, "test/deep"))).filter((name) => !name.startsWith(".")),
      ["model.pth"],
    );
  });
});
