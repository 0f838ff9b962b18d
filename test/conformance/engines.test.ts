import { join } from "node:path";
import { after } from "node:test";
import { createDioEngine } from "../../src/engines/pitch/dio/dio-engine.ts";
import { createHarvestEngine } from "../../src/engines/pitch/harvest/harvest-engine.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { createWorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import { lipsyncEngineSuite } from "./lipsync-engine.suite.ts";
import { pitchEstimatorSuite } from "./pitch-estimator.suite.ts";
import { speechEngineSuite } from "./speech-engine.suite.ts";
import { voiceConverterSuite } from "./voice-converter.suite.ts";

const modelsDir = join(import.meta.dirname, "../../models");
const espeak = createEspeakEngine({ modelsDir });
after(() => espeak.close());
const world = createWorldEngine({ modelsDir });
after(() => world[Symbol.asyncDispose]());
const trackers = [createHarvestEngine(), createDioEngine()];
after(() => Promise.all(trackers.map((tracker) => tracker[Symbol.asyncDispose]())));

speechEngineSuite("espeak", espeak, { text: "Hello there. How are you today?", language: "en", voice: "belinda" });
lipsyncEngineSuite("rig", createRigEngine({ modelsDir }), "new_talk_short");
voiceConverterSuite("world", world, "alto-warm");
for (const tracker of trackers) pitchEstimatorSuite(tracker.info.id, tracker);
