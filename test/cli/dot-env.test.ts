import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { addDotEnv } from "../../src/cli/dot-env.ts";
import { TempDir } from "../../src/media/temp.ts";

describe(".env", () => {
  it("adds what the environment does not say", async () => {
    await using folder = await TempDir.create();
    const text = "\uFEFF# a comment\nLLM_MODEL=qwen\nELEVENLABS_API_KEY='of the file'\nexport TALKBOX_TTL=60\nPORT=\n";
    await writeFile(folder.file(".env"), text);
    const environment: Record<string, string | undefined> = { ELEVENLABS_API_KEY: "of the shell" };
    addDotEnv(folder.path, environment);
    assert.deepEqual(environment, {
      LLM_MODEL: "qwen",
      ELEVENLABS_API_KEY: "of the shell",
      TALKBOX_TTL: "60",
      PORT: "",
    });
  });

  it("need not be there, and says so when it cannot be read", async () => {
    await using folder = await TempDir.create();
    const environment = {};
    addDotEnv(folder.path, environment);
    assert.deepEqual(environment, {});
    await mkdir(folder.file(".env"));
    assert.throws(() => addDotEnv(folder.path, environment), {
      code: "invalid_input",
      message: /\.env .*cannot be read/,
    });
  });
});
