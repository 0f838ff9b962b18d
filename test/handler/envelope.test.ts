import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { OPERATIONS } from "../../src/operations/index.ts";

const root = join(import.meta.dirname, "../..");
const services = createServices(
  readConfig({ TALKBOX_DATA: join(tmpdir(), "talkbox-envelope-test") }, root),
  silentLog(),
);
after(() => services[Symbol.asyncDispose]());

async function refusal(job: unknown): Promise<AppError> {
  try {
    await run(job, { services });
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error;
  }
  return assert.fail("the job was accepted");
}

test("a job is accepted with and without the outer input", async () => {
  for (const job of [
    { input: { operation: "health_check" } },
    { operation: "health_check" },
    { id: "a", operation: "health_check", params: {} },
  ]) {
    const result = await run(job, { services });
    assert.equal(result["status"], "healthy");
    assert.deepEqual(result.artifacts, []);
    assert.equal(result.receipt.operation, "health_check");
  }
});

test("health_check answers the documented fields", async () => {
  const result = await run({ operation: "health_check" }, { services });
  assert.ok(["cuda", "cpu"].includes(String(result["device"])));
  assert.ok(Array.isArray(result["available_models"]));
  assert.equal(typeof result["gpu_available"], "boolean");
  const engines = result["engines"] as { id: string; available: boolean; remedy?: string }[];
  const embedded = ["center", "dio", "espeak", "harvest", "question-set", "rig", "world"];
  const hosts = ["cosyvoice", "elevenlabs", "http", "llm-api", "openai", "openai-speech"];
  const checkpoints = ["crepe", "mdx", "rmvpe", "roformer", "rvc", "wav2lip"];
  assert.deepEqual(engines.map(({ id }) => id).toSorted(), [...embedded, ...hosts, ...checkpoints].toSorted());
  for (const engine of engines) assert.ok(engine.available || engine.remedy, "what is missing comes with a remedy");
});

test("list_models counts what it lists", async () => {
  const result = await run({ operation: "list_models" }, { services });
  const models = result["models"] as string[];
  assert.ok(models.length > 0, "the embedded timbres are among them");
  assert.equal(result["count"], models.length);
});

test("an unknown operation names the nearest and all known ones", async () => {
  const error = await refusal({ operation: "lipsink" });
  assert.equal(error.code, "unknown_operation");
  assert.match(error.message, /Did you mean "lipsync"\?/);
  for (const name of OPERATIONS.keys()) assert.ok(error.message.includes(name));
});

test("an unknown param names the nearest known one", async () => {
  const error = await refusal({ operation: "lipsync", params: { text: "hi", avatr: "talk_short" } });
  assert.equal(error.code, "invalid_input");
  assert.deepEqual(
    error.violations?.map(({ path }) => path),
    ["params.avatr"],
  );
  assert.match(error.violations?.[0]?.message ?? "", /Did you mean "avatar"\?/);
  const part = await refusal({ operation: "lipsync", params: { text: "hi", voice: "mabel" } });
  assert.match(part.violations?.[0]?.message ?? "", /Did you mean "tts_voice"\?/);
});

test("every violation is listed by its path", async () => {
  const params = { text: 5, frame_skip: 4, quality: "best", nonsense: 1 };
  const error = await refusal({ operation: "lipsync", params, output: { delivery: "pigeon", ttl_seconds: 1 } });
  const paths = error.violations?.map(({ path }) => path).toSorted();
  assert.deepEqual(paths, [
    "output.delivery",
    "output.ttl_seconds",
    "params.frame_skip",
    "params.nonsense",
    "params.quality",
    "params.text",
  ]);
});

const MALFORMED: readonly [what: string, job: unknown, code: ErrorCode][] = [
  ["null", null, "invalid_input"],
  ["a string", "health_check", "invalid_input"],
  ["an array", [{ operation: "health_check" }], "invalid_input"],
  ["an empty object", {}, "invalid_input"],
  ["an input that is null", { input: null }, "invalid_input"],
  ["an input that is a string", { input: "x" }, "invalid_input"],
  ["an operation that is a number", { operation: 7 }, "invalid_input"],
  ["params that are an array", { operation: "health_check", params: [] }, "invalid_input"],
  ["params that are a string", { operation: "health_check", params: "x" }, "invalid_input"],
  ["a prototype key", JSON.parse('{"operation":"health_check","params":{"__proto__":{"a":1}}}'), "invalid_input"],
  ["a constructor key", { operation: "health_check", params: { constructor: 1 } }, "invalid_input"],
  ["an operation named like a method", { operation: "toString" }, "unknown_operation"],
  [
    "too many levels",
    JSON.parse(`{"operation":"health_check","params":${'{"a":'.repeat(500)}1${"}".repeat(500)}}`),
    "invalid_input",
  ],
];
for (const [what, job, code] of MALFORMED) {
  test(`refused with ${code}: ${what}`, async () => {
    assert.equal((await refusal(job)).code, code);
    assert.equal(
      (await run({ operation: "health_check" }, { services }))["status"],
      "healthy",
      "the next job is unaffected",
    );
  });
}

test("each operation's example fits its schema, as ajv reads it", () => {
  const ajv = new Ajv2020({ strict: false });
  for (const { name, example } of OPERATIONS.values()) {
    const schema = JSON.parse(readFileSync(join(root, `schemas/${name}.params.json`), "utf8")) as object;
    assert.ok(ajv.validate(schema, example), `${name}: ${ajv.errorsText()}`);
    assert.equal(
      ajv.validate(schema, { ...(example as object), nonsense: 1 }),
      false,
      `${name} refuses unknown params`,
    );
  }
});
