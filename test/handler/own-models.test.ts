import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { scratchFolder } from "../server/local-server.ts";

const root = join(import.meta.dirname, "../..");

test("in a models folder of one's own, what comes with Talkbox works all the same, but for what it has itself", async () => {
  const [mine, data] = [await scratchFolder(), await scratchFolder()];
  const environment = { TALKBOX_MODELS: mine, TALKBOX_DATA: data };
  const names = async (operation: "list_avatars" | "list_voices"): Promise<number> => {
    await using services = createServices(readConfig(environment, root), silentLog());
    return ((await run({ operation }, { services })) as unknown as { count: number }).count;
  };
  assert.ok((await names("list_avatars")) > 0 && (await names("list_voices")) > 0);
  await using services = createServices(readConfig(environment, root), silentLog());
  const params = { text: "Hello.", quality: "low", frame_skip: 3 };
  const spoken = await run({ operation: "lipsync", params }, { services });
  assert.equal(spoken["success"], true);
  await mkdir(join(mine, "avatars"));
  assert.equal(await names("list_avatars"), 0);
  assert.ok((await names("list_voices")) > 0);
});
