import { healthCheck } from "./health-check.ts";
import { lipsync } from "./lipsync.ts";
import { listAvatars } from "./list-avatars.ts";
import { listEngines } from "./list-engines.ts";
import { listModels } from "./list-models.ts";
import { listVoices } from "./list-voices.ts";
import type { Operation } from "./operation.ts";
import { tts } from "./tts.ts";

/** Every operation by name: what the dispatcher, the schemas and the reference page are made from. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [healthCheck, listModels, listEngines, listVoices, listAvatars, tts, lipsync].map((operation) => [
    operation.name,
    operation,
  ]),
);
