import { ENGINE_KINDS } from "../engines/engine.ts";
import { providerStatus, readProviders } from "../inference/providers.ts";
import { PROVIDERS } from "../inference/tensor.ts";
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

/** A provider of ONNX Runtime as callers see it. */
export const providerState = z.strictObject({
  name: z.enum(PROVIDERS),
  state: z.enum(["works", "failed", "untried"]).describe("`untried`: no network has been opened on it yet."),
  reason: z.string().optional().describe("Why it does not work."),
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
    providers: z.array(providerState).describe("Where networks may run, in the order to try."),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, { engines, config }) {
    const states = await engines.status();
    return {
      engines: states.map(({ availability, languages, lane: _lane, ...info }) => ({
        ...info,
        languages: [...languages],
        available: availability.available,
        ...(availability.available ? {} : { reason: availability.reason, remedy: availability.remedy }),
      })),
      count: states.length,
      providers: providerStatus(readProviders(config.providers)),
    };
  },
});
