import { ENGINE_KINDS } from "../engines/engine.ts";
import { z } from "zod";
import { defineOperation } from "./operation.ts";

/** An engine's state as callers see it. */
export const engineState = z.strictObject({
  id: z.string(),
  kind: z.enum(ENGINE_KINDS),
  available: z.boolean(),
  reason: z.string().optional().describe("Why it is not available."),
  remedy: z.string().optional().describe("What to do about it."),
});

export const listEngines = defineOperation({
  name: "list_engines",
  summary: "Every engine, what it is made of, and whether it can work here.",
  description: "The first available engine of a kind is what `auto` chooses.",
  params: z.strictObject({}),
  result: z.strictObject({
    engines: z.array(
      engineState.extend({
        description: z.string(),
        embedded: z.boolean().describe("Needs no weights, no account and no network."),
        license: z.string(),
        languages: z.array(z.string()).describe('ISO 639-1 codes, or `["*"]`.'),
      }),
    ),
    count: z.number().int(),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, { engines }) {
    const states = await engines.status();
    return {
      engines: states.map(({ availability, languages, ...info }) => ({
        ...info,
        languages: [...languages],
        available: availability.available,
        ...(availability.available ? {} : { reason: availability.reason, remedy: availability.remedy }),
      })),
      count: states.length,
    };
  },
});
