import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { parseWav } from "../../src/media/parse-wav.ts";
import { tone, wav } from "../cover/stems.ts";
import { PYTHON, withoutPython, withoutShell } from "../documents/clients/run-client.ts";
import { localServer, scratchFolder } from "../server/local-server.ts";

const root = join(import.meta.dirname, "../..");
const server = await localServer();

/** Runs an example in a folder of its own, with lines for its input. */
async function run(program: string, args: readonly string[], input = ""): Promise<{ stdout: string; folder: string }> {
  const folder = await scratchFolder();
  const [script = "", ...rest] = args;
  const env = { ...process.env, TALKBOX_URL: server.url, PYTHONIOENCODING: "utf-8" };
  return new Promise((resolve, reject) => {
    const all = [join(root, "examples", script), ...rest];
    const child = execFile(program, all, { cwd: folder, env, timeout: 300_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`, { cause: error }));
      else resolve({ stdout, folder });
    });
    child.stdin?.end(input);
  });
}

const isMp4 = (bytes: Buffer): boolean => bytes.toString("latin1", 4, 8) === "ftyp";

it("every example is in the table, and every row is an example", async () => {
  const files = (await readdir(join(root, "examples"))).filter((name) => name !== "README.md");
  const table = await readFile(join(root, "examples/README.md"), "utf8");
  const rows = [...table.matchAll(/^\| [^|]+ \| \[([^\]]+)\]/gm)].map(([, name = ""]) => name);
  assert.deepEqual(rows.toSorted(), files.toSorted());
});

it("avatar.ts tells the stages and saves a video", async () => {
  const { stdout, folder } = await run(process.execPath, ["avatar.ts", "안녕하세요", "hello.mp4"]);
  assert.deepEqual(stdout.trim().split("\n"), [
    "TTS 음성 생성 중...",
    "TTS 완료",
    "립싱크 비디오 생성 중...",
    "saved hello.mp4",
  ]);
  assert.ok(isMp4(await readFile(join(folder, "hello.mp4"))));
});

it("interview.ts greets, listens and goes on", async () => {
  const answers = "저는 컴퓨터공학을 전공한 홍길동입니다.\n반도체 기술에 관심이 많아 지원했습니다.\n";
  const { stdout } = await run(process.execPath, ["interview.ts", "삼성전자", "개발엔지니어링"], answers);
  const replies = stdout.trim().split("\n");
  assert.equal(replies.length, 3, stdout);
  assert.match(replies[0] ?? "", /^면접관: .*삼성전자/);
  assert.equal(new Set(replies).size, 3);
});

it("chunks.ts saves the chunks in their order", async () => {
  const { stdout, folder } = await run(process.execPath, [
    "chunks.ts",
    "Привет! Это первый кусок. А это второй.",
    "made",
  ]);
  const lines = stdout.trim().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split(" ")[0]),
    ["made/000.mp4", "made/001.mp4"],
  );
  for (const line of lines) assert.ok(isMp4(await readFile(join(folder, line.split(" ")[0] ?? ""))));
});

it("higgs.py saves speech, a clone and a dialogue", { skip: withoutPython }, async () => {
  const { folder } = await run(PYTHON ?? "", ["higgs.py", "out"]);
  for (const name of ["speech", "clone", "dialogue"]) {
    const { sampleRate, channels } = parseWav(await readFile(join(folder, `out/${name}.wav`)));
    assert.ok(sampleRate === 24_000 && (channels[0]?.length ?? 0) > 24_000, name);
  }
});

it("cover.sh saves a cover, and says what is wrong", { skip: withoutShell }, async () => {
  const folder = await scratchFolder();
  const files = [];
  for (const [name, hz] of [
    ["voice.wav", 220],
    ["instrument.wav", 330],
  ] as const) {
    files.push(join(folder, name));
    await writeFile(
      join(folder, name),
      Buffer.from(wav(44_100, [tone(44_100, 1, hz, 0.2)], { samples: "s16" }), "base64"),
    );
  }
  const out = join(folder, "cover.mp3");
  const { stdout } = await run("bash", ["cover.sh", ...files, "alto-warm", out]);
  assert.match(stdout, /cover\.mp3: alto-warm, \d+ bytes/);
  assert.ok((await readFile(out)).length > 5000);
  await assert.rejects(run("bash", ["cover.sh", ...files, "nobody", out]), /Error: Voice model not found/);
});
