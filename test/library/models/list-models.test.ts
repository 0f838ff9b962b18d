import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run } from "../../../handler/index.ts";
import { createServices } from "../../../handler/services.ts";
import { readConfig } from "../../../src/config.ts";
import { silentLog } from "../../../src/log.ts";
import { shapesOf, Workbench, writeWeights } from "./workbench.ts";

const root = join(import.meta.dirname, "../../..");

describe("list_models", () => {
  it("shows files of weights beside the voices, without a path of this machine", async () => {
    await using bench = await Workbench.open();
    await mkdir(bench.models, { recursive: true });
    await symlink(join(root, "models/timbres"), bench.model("timbres"));
    await writeWeights(bench.model("wav2lip/gan.pth"), shapesOf("wav2lip-96"));
    await writeFile(bench.model("page.pth"), "<!doctype html>".padEnd(100));
    await writeFile(bench.model("cut.pth"), Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(200)]));
    const environment = {
      TALKBOX_MODELS: bench.models,
      TALKBOX_DATA: bench.model("../data"),
      TALKBOX_VOLUME: bench.cache,
    };
    const config = readConfig({ ...environment, TALKBOX_MODEL_FOLDERS: bench.cache }, root);
    await using services = createServices(config, silentLog());
    const answer = await run({ operation: "list_models" }, { services });
    const { models, count, files } = answer as unknown as {
      models: string[];
      count: number;
      files: Record<string, unknown>[];
    };
    assert.ok(models.length > 0 && models.length === count);
    assert.deepEqual(
      files.map(({ name, family, variant, state, problem }) => [name, family, variant, state, problem]),
      [
        ["cut", "", "", "unusable", "cut.pth: its end is missing, so the download was cut short. Download it again."],
        [
          "page",
          "",
          "",
          "unusable",
          "page.pth: it is a web page, not a model. Download the file itself: the link led to a page about it.",
        ],
        ["wav2lip/gan", "wav2lip", "96", "ready", undefined],
      ],
    );
    assert.ok(!JSON.stringify(answer).includes(bench.models));
  });
});
