import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { planOf } from "./deploy/plan.ts";
import { RunpodApi } from "./deploy/runpod-api.ts";
import { readRunpodToml } from "./deploy/runpod-toml.ts";

export type DeployOptions = {
  readonly file: string;
  readonly image?: string;
  readonly name?: string;
  readonly dryRun: boolean;
  readonly apiUrl: string;
};

/** Makes the endpoint on RunPod what `runpod.toml` says, or with `dryRun` prints what would be asked. */
export async function deployCommand(options: DeployOptions, config: Config): Promise<void> {
  const settings = await readRunpodToml(options.file);
  const { template, endpoint } = planOf(settings, options);
  if (options.dryRun) {
    process.stdout.write(`${JSON.stringify({ template, endpoint }, null, 2)}\n`);
    return;
  }
  if (config.runpodApiKey === "") {
    throw new AppError(
      "invalid_input",
      "RUNPOD_API_KEY is not set. Make a key in RunPod's console, Settings, API Keys; --dry-run needs none.",
    );
  }
  const api = new RunpodApi(options.apiUrl, config.runpodApiKey);
  const madeTemplate = await api.put("templates", template);
  console.log(`${madeTemplate.made ? "Made" : "Changed"} template ${template.name} (${madeTemplate.id})`);
  const madeEndpoint = await api.put("endpoints", { ...endpoint, templateId: madeTemplate.id });
  console.log(`${madeEndpoint.made ? "Made" : "Changed"} endpoint ${endpoint.name} (${madeEndpoint.id})`);
  console.log(`\nTry it:\n  curl -X POST https://api.runpod.ai/v2/${madeEndpoint.id}/runsync \\
    -H "Authorization: Bearer $RUNPOD_API_KEY" -H "Content-Type: application/json" \\
    -d '{"input":{"operation":"health_check"}}'`);
}
