import { join } from "node:path";
import { after } from "node:test";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { lipsyncEngineSuite } from "./lipsync-engine.suite.ts";
import { speechEngineSuite } from "./speech-engine.suite.ts";

const modelsDir = join(import.meta.dirname, "../../models");
const espeak = createEspeakEngine({ modelsDir });
after(() => espeak.close());

speechEngineSuite("espeak", espeak, { text: "Hello there. How are you today?", language: "en", voice: "belinda" });
lipsyncEngineSuite("rig", createRigEngine({ modelsDir }), "new_talk_short");
