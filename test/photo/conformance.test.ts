import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { StoredAvatars } from "../../src/library/stored-avatars.ts";
import { silentLog } from "../../src/log.ts";
import { lipsyncEngineSuite } from "../conformance/lipsync-engine.suite.ts";
import { prepareAstronaut, scratchFolder } from "./astronaut.ts";

const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());
const [modelsDir, dataDir] = [join(scratch.path, "models"), join(scratch.path, "data")];
const prepared = join(scratch.path, "prepared");
await mkdir(prepared);
await prepareAstronaut(prepared);
const library = new StoredAvatars({ modelsDir, dataDir, log: silentLog() });
await library.add("eileen", prepared, { description: "", overwrite: false });

lipsyncEngineSuite("rig, with a photo", createRigEngine({ modelsDir, dataDir }), "eileen_short");
