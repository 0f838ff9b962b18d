import { describeError, WorkerError } from "./errors.ts";
import type { HttpClient } from "./http.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { pause } from "./pauses.ts";
import { type Platform, withQuery } from "./platform.ts";
import type { FitnessCheck } from "./types.ts";

/** Most characters of the reason that the platform is told. */
const REASON_CHARACTERS = 256;

type Parts = { readonly platform: Platform; readonly limits: Limits; readonly log: Log; readonly client: HttpClient };

/** Runs the checks in their order. The first that fails is reported to the platform. @returns whether all passed */
export async function isFit(checks: readonly FitnessCheck[], parts: Parts, signal: AbortSignal): Promise<boolean> {
  const { log, limits } = parts;
  for (const { name, check } of checks) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limits.fitnessMs)]);
    try {
      await Promise.race([
        (async () => await check(limit))(),
        pause(limits.fitnessMs, limit).then(() => {
          throw new WorkerError("unfit", `It took longer than ${limits.fitnessMs} ms.`);
        }),
      ]);
    } catch (error) {
      if (signal.aborted) return false;
      const { type, message } = describeError(error);
      log("error", `Fitness check failed: ${name} | ${type}: ${message}`);
      await reportUnfit(name, `${type}: ${message}`, parts);
      log("error", "Worker is unhealthy, exiting.");
      return false;
    }
  }
  return true;
}

/** Tells the platform why this worker will not start. It may not hear of it: the exit says the same. */
async function reportUnfit(check: string, reason: string, { platform, limits, client, log }: Parts): Promise<void> {
  if (platform.pingUrl === undefined) return;
  const query: [string, string][] = [
    ["status", "unhealthy"],
    ["check", check],
    ["reason", [...reason].slice(0, REASON_CHARACTERS).join("")],
    ["runpod_version", platform.version],
  ];
  try {
    await client.request({
      method: "GET",
      url: withQuery(platform.pingUrl, query),
      headers: { Authorization: platform.apiKey, "User-Agent": platform.userAgent },
      timeoutMs: limits.fitnessReportMs,
      mostBytes: 65_536,
    });
  } catch (error) {
    log("debug", `The platform could not be told: ${describeError(error).message}`);
  }
}
