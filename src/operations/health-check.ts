import { z } from "zod";
import { detectDevice } from "../inference/devices.ts";
import { providerStatus, readProviders } from "../inference/providers.ts";
import { targetVoiceNames } from "../pipelines/target-voice.ts";
import { defineOperation } from "./operation.ts";
import { engineState, providerState } from "./list-engines.ts";

export const healthCheck = defineOperation({
  name: "health_check",
  summary: "Whether the worker is well, what it runs on and what it can do.",
  description: "Answers at once and loads no model. `device` is `cuda` where an NVIDIA driver is present.",
  params: z.strictObject({}),
  result: z.strictObject({
    status: z.literal("healthy"),
    device: z.enum(["cuda", "cpu"]),
    available_models: z.array(z.string()).describe("Voice models on this machine, as `list_models` names them."),
    gpu_available: z.boolean(),
    engines: z.array(engineState),
    providers: z.array(providerState).describe("Where networks may run, in the order to try."),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, context) {
    const { device, gpuAvailable } = detectDevice();
    const [models, states] = await Promise.all([targetVoiceNames(context, { here: true }), context.engines.status()]);
    return {
      status: "healthy" as const,
      device,
      available_models: models,
      gpu_available: gpuAvailable,
      providers: providerStatus(readProviders(context.config.providers)),
      engines: states.map(({ id, kind, availability }) => ({
        id,
        kind,
        available: availability.available,
        ...(availability.available ? {} : { reason: availability.reason, remedy: availability.remedy }),
      })),
    };
  },
});
