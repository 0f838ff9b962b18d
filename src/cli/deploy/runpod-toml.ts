import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse, TomlError } from "smol-toml";
import { AppError } from "../../errors.ts";
import { packageRoot } from "../package.ts";

/** `runpod.toml` as its schema (`schemas/runpod-toml.json`) has it. */
export type RunpodToml = {
  readonly name: string;
  readonly project?: {
    readonly gpu_types?: readonly string[];
    readonly gpu_count?: number;
    readonly volume_mount_path?: string;
    readonly ports?: string;
    readonly container_disk_size_gb?: number;
    readonly storage_id?: string;
    readonly env_vars?: Readonly<Record<string, string>>;
  };
  readonly endpoint?: {
    readonly active_workers?: number;
    readonly max_workers?: number;
    readonly flashboot?: boolean;
    readonly idle_timeout?: number;
    readonly model_refs?: readonly string[];
  };
  readonly talkbox?: {
    readonly image?: string;
    readonly execution_timeout?: number;
    readonly scaler?: "QUEUE_DELAY" | "REQUEST_COUNT";
    readonly scaler_value?: number;
  };
};

/** Values that look like keys have no place in a file that is committed. */
const SECRET_NAME = /(secret|password|token|api_?key)/i;

/**
 * Reads and checks the endpoint's settings.
 * @throws AppError `not_found` without a file; `invalid_input` with every fault in it
 */
export async function readRunpodToml(path: string): Promise<RunpodToml> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const message = `There is no ${path}. Run this in the folder of your runpod.toml, or name it with --file.`;
    throw new AppError("not_found", message, { cause });
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const message = `${path} is not TOML, line ${cause.line}: ${cause.message.split("\n")[0]}.`;
    throw new AppError("invalid_input", message, { cause });
  }
  const schema = JSON.parse(await readFile(join(packageRoot(), "schemas/runpod-toml.json"), "utf8")) as object;
  const validate = new Ajv2020({ allErrors: true }).compile(schema);
  const violations = validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message = "is not valid", params }) => {
        const extra = "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : "";
        return { path: instancePath.slice(1).replaceAll("/", "."), message: `${message}${extra}` };
      });
  const settings = value as RunpodToml;
  for (const [name, given] of Object.entries(settings.project?.env_vars ?? {})) {
    if (SECRET_NAME.test(name) && !given.startsWith("{{ RUNPOD_SECRET_")) {
      const message = "is a secret: keep it with RunPod and write {{ RUNPOD_SECRET_name }} here";
      violations.push({ path: `project.env_vars.${name}`, message });
    }
  }
  const { active_workers = 0, max_workers = 3 } = settings.endpoint ?? {};
  if (active_workers > max_workers) {
    violations.push({ path: "endpoint.active_workers", message: `must not be above max_workers, ${max_workers}` });
  }
  if (violations.length > 0) {
    const list = violations.map((fault) => `${fault.path || "the file"} ${fault.message}`).join("; ");
    throw new AppError("invalid_input", `${path} cannot be used: ${list}.`, { violations });
  }
  return settings;
}
