import { run } from "../../handler/index.ts";
import type { Services } from "../../handler/services.ts";

/**
 * Has the default engines do a little work, so that the first job does not wait for them to load: a word is spoken, and
 * the avatars are looked up.
 * @throws AppError as the engines do; `engine_unavailable` where one is missing
 */
export async function warmUp(services: Services, signal: AbortSignal): Promise<void> {
  const silent = { ...services, log: services.log.child({ warm_up: true }) };
  await run({ operation: "tts", params: { text: "ok" }, output: { delivery: "inline" } }, { services: silent, signal });
  const engine = await services.engines.choose("lipsync", "auto");
  await engine.avatars();
}
