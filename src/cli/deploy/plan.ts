import { AppError } from "../../errors.ts";
import type { RunpodToml } from "./runpod-toml.ts";

/** What RunPod's REST API takes for a template (`POST /templates`). */
export type TemplateBody = {
  readonly name: string;
  readonly imageName: string;
  readonly isServerless: true;
  readonly containerDiskInGb: number;
  readonly volumeInGb: 0;
  readonly volumeMountPath: string;
  readonly ports: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What it takes for an endpoint (`POST /endpoints`), less the template's id. */
export type EndpointBody = {
  readonly name: string;
  readonly computeType: "GPU";
  readonly gpuTypeIds: readonly string[];
  readonly gpuCount: number;
  readonly workersMin: number;
  readonly workersMax: number;
  readonly idleTimeout: number;
  readonly flashboot: boolean;
  readonly scalerType: "QUEUE_DELAY" | "REQUEST_COUNT";
  readonly scalerValue: number;
  readonly executionTimeoutMs: number;
  readonly networkVolumeId?: string;
};

export type Plan = { readonly template: TemplateBody; readonly endpoint: EndpointBody };

/** GPUs with 16 GB or more that RunPod has most of, for a file that names none. */
const USUAL_GPUS = ["NVIDIA RTX A4000", "NVIDIA RTX A4500", "NVIDIA RTX 4000 Ada Generation"];

/**
 * What to ask of RunPod for these settings.
 * @throws AppError `invalid_input` when no image is named
 */
export function planOf(settings: RunpodToml, choice: { readonly image?: string; readonly name?: string }): Plan {
  const { project = {}, endpoint = {}, talkbox = {} } = settings;
  const imageName = choice.image ?? talkbox.image ?? "";
  if (imageName === "") {
    throw new AppError(
      "invalid_input",
      "Which image? Build and push one (docs/deploy.md says how), then give it with --image, or as talkbox.image in the file.",
    );
  }
  const name = choice.name ?? settings.name;
  return {
    template: {
      name: `${name}-template`,
      imageName,
      isServerless: true,
      containerDiskInGb: project.container_disk_size_gb ?? 10,
      volumeInGb: 0,
      volumeMountPath: project.volume_mount_path ?? "/runpod-volume",
      ports: (project.ports ?? "")
        .split(",")
        .map((port) => port.trim())
        .filter((port) => port !== ""),
      env: project.env_vars ?? {},
    },
    endpoint: {
      name,
      computeType: "GPU",
      gpuTypeIds: project.gpu_types ?? USUAL_GPUS,
      gpuCount: project.gpu_count ?? 1,
      workersMin: endpoint.active_workers ?? 0,
      workersMax: endpoint.max_workers ?? 3,
      idleTimeout: endpoint.idle_timeout ?? 5,
      flashboot: endpoint.flashboot ?? true,
      scalerType: talkbox.scaler ?? "QUEUE_DELAY",
      scalerValue: talkbox.scaler_value ?? 4,
      executionTimeoutMs: (talkbox.execution_timeout ?? 600) * 1000,
      ...(project.storage_id ? { networkVolumeId: project.storage_id } : {}),
    },
  };
}
