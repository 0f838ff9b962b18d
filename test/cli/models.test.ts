import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TempDir } from "../../src/media/temp.ts";
import { PickleWriter } from "../checkpoints/pickle-writer.ts";
import { FileServer } from "../library/models/file-server.ts";
import { shapesOf, writeWeights } from "../library/models/workbench.ts";

const launcher = join(import.meta.dirname, "../../src/cli/talkbox.mjs");
const fixture = (file: string): string => join(import.meta.dirname, "../checkpoints/fixtures", file);

type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

describe("talkbox models", () => {
  let dir: TempDir;
  before(async () => (dir = await TempDir.create()));
  after(() => dir[Symbol.asyncDispose]());

  /** Runs the command with a models folder of its own; `during` may do something to the process. */
  async function models(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    during?: (interrupt: () => void) => Promise<void>,
  ): Promise<Outcome> {
    const child = spawn(process.execPath, [launcher, "models", ...args], {
      cwd: dir.path,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: dir.path,
        TALKBOX_DATA: dir.file("data"),
        TALKBOX_MODELS: dir.file("models"),
        TALKBOX_VOLUME: dir.file("volume"),
        TALKBOX_MODEL_FOLDERS: dir.file("more"),
        TALKBOX_RVC_MODELS: dir.file("rvc"),
        ...env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    await during?.(() => child.kill("SIGINT"));
    return { code: await ended, stdout, stderr };
  }

  it("list: networks, sizes, licences and states, from all folders; nothing yet says where to begin", async () => {
    const none = await models(["list"]);
    assert.deepEqual([none.code, none.stderr], [0, ""]);
    assert.match(none.stdout, /^No files of weights yet\. Put them into .*models, or get some: talkbox models pull/);
    await writeWeights(dir.file("models/wav2lip/any-name.pt"), shapesOf("wav2lip-96"));
    await writeWeights(dir.file("volume/models/s3fd.pth"), shapesOf("s3fd"));
    await writeFile(dir.file("models/cut.pth"), readFileSync(fixture("flat.pth")).subarray(0, 2000));
    const { code, stdout } = await models(["list"]);
    assert.equal(code, 0);
    assert.match(stdout, /✓ wav2lip\/any-name {2}wav2lip 96 {3}145\.3 MB {2}ready\n {4}Licence: .*no commercial use/);
    assert.match(stdout, /– cut +unknown +2\.0 kB {2}unusable\n {4}→ cut\.pth: its end is missing/);
    assert.match(stdout, /volume\/models\n {2}✓ s3fd {2}s3fd {4}89\.8 MB {2}ready/);
    const listed = JSON.parse((await models(["list", "--json"])).stdout) as { family: string; state: string }[];
    assert.deepEqual(
      listed.map(({ family, state }) => [family, state]),
      [
        ["", "unusable"],
        ["wav2lip", "ready"],
        ["s3fd", "ready"],
      ],
    );
  });

  it("check: says what a usable file is, and shows its tensors and graphs", async () => {
    const file = dir.file("models/wav2lip/any-name.pt");
    const { code, stdout, stderr } = await models(["check", file]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^any-name\.pt\n {2}size +145\.3 MB\n {2}form +safetensors\n {2}tensors +352 \(352 f32\), 36,320,837 numbers/,
    );
    assert.match(stdout, /network +Wav2Lip, 96\n[\s\S]*licence +Its authors[\s\S]*state +ready\n$/);
    const report = JSON.parse((await models(["check", file, "--json", "--quick"])).stdout) as Record<string, unknown>;
    assert.deepEqual([report["family"], report["variant"], report["state"]], ["wav2lip", "96", "ready"]);
    const tensors = (await models(["check", file, "--tensors"])).stdout;
    assert.match(tensors, /^face_encoder_blocks\.0\.0\.conv_block\.0\.weight {2}f32\[16, 6, 7, 7\]$/m);
    assert.match((await models(["check", file, "--graph", "face"])).stdout, /^wav2lip-96-face: \d+ nodes/);
    const nose = await models(["check", file, "--graph", "nose"]);
    assert.deepEqual([nose.code, nose.stdout], [1, ""]);
    assert.match(nose.stderr, /the graphs of Wav2Lip are .*face.* \(invalid_input\)/);
  });

  describe("check: what cannot be used is told by file, key and remedy, with exit code 1", () => {
    const mark = join(import.meta.dirname, "pickle-was-run");
    const shapes = shapesOf("wav2lip-96");
    const key = "face_decoder_blocks.3.1.conv_block.0.weight";
    const bad: Record<string, [(path: string) => Promise<void>, RegExp]> = {
      "a truncated file": [
        async (path) => {
          await writeWeights(path, shapes);
          await truncate(path, 100_000_000);
        },
        /it has 100000000 bytes instead of 1453\d+\. Download it again\. \(model_unusable\)/,
      ],
      "another architecture": [
        async (path) => writeWeights(path, { "encoder.weight": [64, 64], "encoder.bias": [64] }),
        /its 2 tensors \("encoder\.weight", "encoder\.bias"\) are of no network that is known\. Usable are .* \(model_unusable\)/,
      ],
      "a variant that is not supported": [
        async (path) =>
          writeWeights(path, { ...shapes, "face_encoder_blocks.7.0.conv_block.0.weight": [512, 512, 3, 3] }),
        /it is a Wav2Lip of 8 encoder blocks that end in \[512, 512, 3, 3\], which is not supported\. Known are/,
      ],
      "renamed keys": [
        async (path) => {
          const renamed = Object.entries(shapes).map(([name, shape]) => [`net.${name}`, shape]);
          return writeWeights(path, Object.fromEntries(renamed));
        },
        /it has "net\.face_encoder_blocks\.0\.0\.conv_block\.0\.weight" where "face_encoder_blocks\.0\.0.* is expected\. Save its state dict under the original names/,
      ],
      "one key renamed": [
        async (path) => {
          const { [key]: shape = [], ...others } = shapes;
          return writeWeights(path, { ...others, "face_decoder_blocks.3.1.conv.0.weight": shape });
        },
        /"face_decoder_blocks\.3\.1\.conv_block\.0\.weight" is missing\. It has "face_decoder_blocks\.3\.1\.conv\.0\.weight": save its state dict under the original names/,
      ],
      "a part of the network missing": [
        async (path) =>
          writeWeights(
            path,
            Object.fromEntries(Object.entries(shapes).filter(([name]) => !name.startsWith("output_block.1"))),
          ),
        /"output_block\.1\.(?:weight|bias)" is missing\. Use the file as its project publishes it; .*check FILE --tensors/,
      ],
      "one weight of another shape": [
        async (path) => writeWeights(path, { ...shapes, [key]: [1] }),
        /"face_decoder_blocks\.3\.1\.conv_block\.0\.weight" is \[1\], and \[384, 384, 3, 3\] was expected/,
      ],
      "NaN weights": [
        async (path) =>
          writeWeights(path, shapes, (name, count) =>
            name === key ? new Float32Array(count).fill(Number.NaN, 7, 8) : undefined,
          ),
        /"face_decoder_blocks\.3\.1\.conv_block\.0\.weight" holds NaN or infinity \(NaN at 7 of 1327104\).*Take another file/,
      ],
      "a lie of 4 GB in a header": [
        async (path) =>
          writeFile(path, new PickleWriter().raw([0x58, 255, 255, 255, 255]).raw(Buffer.alloc(200)).end()),
        /a text has 4294967295 bytes\. Download it again/,
      ],
      "a pickle that calls os.system": [
        async (path) =>
          writeFile(path, new PickleWriter().global("os", "system").op("(").text(`touch ${mark}`).op("tR").end()),
        /it contains the name "os\.system".*nothing of it was run\. Use the file only if you trust its maker/,
      ],
      "a web page": [
        async (path) => writeFile(path, "<!DOCTYPE html><p>Sign in".padEnd(100)),
        /it is a web page, not a model/,
      ],
      words: [async (path) => writeFile(path, "hello ".repeat(30)), /its form is not known.*Use the model's own file/],
    };
    for (const [what, [make, message]] of Object.entries(bad)) {
      it(what, async () => {
        const path = dir.file("bad.pth");
        await make(path);
        const { code, stdout, stderr } = await models(["check", path]);
        assert.deepEqual([code, stderr], [1, ""]);
        assert.match(stdout, message);
        assert.match(stdout, /unusable +bad\.pth: /);
        assert.ok(!existsSync(mark));
      });
    }

    it("no file at all", async () => {
      const { code, stdout, stderr } = await models(["check", "nowhere.pth"]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^talkbox: nowhere\.pth: it cannot be opened\. .* \(invalid_input\)\n$/);
      const folder = await models(["check", dir.path]);
      assert.equal(folder.code, 1);
      assert.match(folder.stderr, /^talkbox: .*: it is a folder\. Name a file in it\. \(invalid_input\)\n$/);
    });

    it("an index of a voice, in JSON", async () => {
      const { code, stdout } = await models(["check", fixture("trained.index"), "--json"]);
      assert.equal(code, 1);
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
      assert.equal(error.code, "model_unusable");
      assert.match(error.message, /an index of 0 vectors .* It is empty: take the file called added_/);
    });
  });

  it("pull: shows the licence and wants it accepted, downloads, says what was compared, and lists the file", async () => {
    await using server = await FileServer.start();
    await writeWeights(dir.file("original.pth"), shapesOf("s3fd"));
    const content = readFileSync(dir.file("original.pth"));
    const sha256 = createHash("sha256").update(content).digest("hex");
    server.files.set("/owner/repo/resolve/main/detector.pth", content);
    const manifest = {
      name: "detector",
      title: "A detector",
      page: "https://a.example/page",
      licence: { name: "BSD-3-Clause", notice: "Look at it before you sell it." },
      folder: "detectors",
      files: [{ file: "detector.pth", sources: ["hf:owner/repo/detector.pth"], bytes: content.length, sha256 }],
    };
    await writeFile(dir.file("manifest.json"), JSON.stringify(manifest));
    const env = { HF_ENDPOINT: server.origin, HF_TOKEN: "hf_secret" };
    const declined = await models(["pull", "manifest.json"], env);
    assert.deepEqual([declined.code, declined.stdout, server.requests.length], [1, "", 0]);
    assert.match(
      declined.stderr,
      /A detector\nLicence: BSD-3-Clause\. Look at it before you sell it\.\n +https:\/\/a\.example\/page\n/,
    );
    assert.match(declined.stderr, /accept the licence with --accept-licence/);

    // Interrupted, and taken up again.
    server.faults.push({ holdAfter: 30_000_000 });
    const part = dir.file("models/detectors/detector.pth.part");
    const size = async (): Promise<number> => (await stat(part).catch(() => ({ size: 0 }))).size;
    const stopped = await models(["pull", "manifest.json", "--accept-licence"], env, async (interrupt) => {
      while ((await size()) < 30_000_000) await sleep(20);
      interrupt();
    });
    assert.equal(stopped.code, 130);
    assert.match(
      stopped.stderr,
      /talkbox: The download was stopped; the same command goes on from there\. \(cancelled\)/,
    );
    assert.ok(!existsSync(dir.file("models/detectors/detector.pth.lock")));
    const pulled = await models(["pull", "manifest.json", "--accept-licence"], env);
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.equal(server.requests.at(-1)?.range, "bytes=30000000-");
    assert.equal(server.requests.at(-1)?.authorization, "Bearer hf_secret");
    assert.match(pulled.stderr, /detector\.pth from hf:owner\/repo\/detector\.pth\n[\s\S]*100%/);
    assert.match(
      pulled.stdout,
      /detectors\/detector\.pth is there: 89\.8 MB, s3fd, its sha256 is the manifest's\.\n {2}sha256 [0-9a-f]{64}\n$/,
    );
    assert.ok(![pulled, stopped].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes("hf_secret")));
    assert.match((await models(["list"])).stdout, /✓ detectors\/detector +s3fd/);
    const again = await models(["pull", "manifest.json", "--accept-licence", "--quiet"], env);
    assert.match(again.stdout, /is there already: .*its sha256 is the manifest's/);
    assert.deepEqual((await readdir(dir.file("models/detectors"))).toSorted(), [
      ".detector.pth.pulled.json",
      "detector.pth",
    ]);
  });

  it("pull: a source by itself goes where it is told, compared with the hash that is given", async () => {
    await using server = await FileServer.start();
    const content = readFileSync(fixture("flat.pth"));
    server.files.set("/a/flat.pth", content);
    const url = `${server.origin}/a/flat.pth`;
    const sha256 = createHash("sha256").update(content).digest("hex");
    const pulled = await models(["pull", url, "--to", "mine/flat.pth", "--sha256", sha256]);
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.ok(readFileSync(dir.file("models/mine/flat.pth")).equals(content));
    const wrong = await models(["pull", url, "--to", "mine/other.pth", "--sha256", "0".repeat(64)]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /its sha256 is [0-9a-f]{64} instead of 0{64}.* \(model_unusable\)/);
    for (const [to, message] of [
      ["../outside.pth", /--to takes a file in a folder below/],
      ["alone.pth", /--to takes a file in a folder below/],
    ] as const) {
      assert.match((await models(["pull", url, "--to", to])).stderr, message);
    }
  });

  it("pull wav2lip: says where its authors publish it, and takes it from a file or folder that one has", async () => {
    const told = await models(["pull", "wav2lip"]);
    assert.deepEqual([told.code, told.stdout], [1, ""]);
    assert.match(told.stderr, /^Wav2Lip with GAN.*\nLicence: .*prohibit commercial use/);
    assert.match(
      told.stderr,
      /no direct download of wav2lip_gan\.pth\. Get it from https:\/\/github\.com\/\S+ .*--from URL/,
    );
    assert.doesNotMatch(told.stderr, /accept/);
    await writeWeights(dir.file("have/Wav2Lip-SD-GAN.pt"), shapesOf("wav2lip-96"));
    const unaccepted = await models(["pull", "wav2lip", "--from", "./have/Wav2Lip-SD-GAN.pt"]);
    assert.match(unaccepted.stderr, /accept the licence with --accept-licence/);
    const wrong = await models(["pull", "wav2lip", "--accept-licence", "--from", "./have"]);
    assert.match(wrong.stderr, /There is no file \/.*have\/wav2lip_gan\.pth\. .*name the file itself\. \(not_found\)/);
    const pulled = await models(["pull", "wav2lip", "--accept-licence", "--from", "./have/Wav2Lip-SD-GAN.pt"]);
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.match(pulled.stdout, /wav2lip\/wav2lip_gan\.pth is there: 145\.3 MB, wav2lip 96, its size is right/);
    const alone = await models(["pull", dir.file("have/Wav2Lip-SD-GAN.pt"), "--to", "mine/mouth.pt", "--quiet"]);
    assert.match(alone.stdout, /mine\/mouth\.pt is there: .*wav2lip 96.*\n.*\n {2}Licence: .*no commercial use/);
  });

  it("pull: of two at once one downloads and the other waits; both have the file", async () => {
    await using server = await FileServer.start();
    const content = readFileSync(fixture("flat.pth"));
    server.files.set("/a/flat.pth", content);
    const pull = () => models(["pull", `${server.origin}/a/flat.pth`, "--to", "both/flat.pth"]);
    const outcomes = await Promise.all([pull(), pull()]);
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(server.requests.length, 1);
    assert.ok(readFileSync(dir.file("models/both/flat.pth")).equals(content));
  });

  it("pull: without a name it lists manifests; an unknown one names those there are", async () => {
    const listed = await models(["pull"]);
    assert.equal(listed.code, 0);
    for (const name of ["mdx-net", "rvc-base", "s3fd", "wav2lip"])
      assert.match(listed.stdout, new RegExp(`^${name} `, "m"));
    const unknown = await models(["pull", "wav2lib"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /There is no manifest "wav2lib"\. Known: mdx-net, rvc-base, s3fd, wav2lip/);
  });

  it("clean: takes a size, and says what it freed", async () => {
    assert.equal((await models(["clean"])).stdout, "There was nothing to remove.\n");
    const refused = await models(["clean", "--keep", "much"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /--keep takes gigabytes/);
  });

  for (const args of [[], ["list"], ["check"], ["pull"], ["clean"]]) {
    it(`${args.join(" ")} --help explains every option`, async () => {
      const { code, stdout } = await models([...args, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, /Usage: talkbox models/);
      for (const line of stdout.split("\n").filter((text) => /^ {2}-/.test(text)))
        assert.match(line, /\S {2,}\S/, line);
    });
  }
});
