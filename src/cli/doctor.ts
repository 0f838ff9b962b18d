import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { createServices } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { toAppError } from "../errors.ts";
import { detectDevice, gpuNames, probeRuntime } from "../inference/devices.ts";
import { inferenceThreads } from "../inference/inference-threads.ts";
import { probeProvider, providerStatus, readProviders } from "../inference/providers.ts";
import { silentLog } from "../log.ts";
import { type Binary, binaryVersion, resolveBinaries } from "../media/binaries.ts";
import { availableEncoders } from "../media/encoders.ts";
import { checkConfiguredBucket } from "./doctor-bucket.ts";
import { checkCaptionFonts } from "./doctor-fonts.ts";
import { checkModels } from "./doctor-models.ts";
import type { Finding } from "./finding.ts";

/** Encoders that outputs are made with, and what for. */
const ENCODERS: readonly { name: string; use: string; required: boolean }[] = [
  { name: "libx264", use: "MP4 video", required: true },
  { name: "aac", use: "MP4 sound", required: true },
  { name: "libvpx-vp9", use: "WebM video", required: false },
  { name: "libopus", use: "WebM sound", required: false },
  { name: "libmp3lame", use: "MP3", required: false },
  { name: "h264_nvenc", use: "MP4 video on a GPU that has NVENC", required: false },
];

/** Least free space, in bytes, that is not worth a warning. */
const ENOUGH_SPACE = 1e9;

/** Looks at everything that jobs need and says what is wrong and how to mend it. */
export async function doctorCommand(
  options: { readonly json: boolean; readonly fixLifecycle?: boolean },
  config: Config,
): Promise<void> {
  const bucket = checkConfiguredBucket(config, options.fixLifecycle ?? false);
  const groups = [
    checkNode(),
    checkMedia(config),
    checkCaptionFonts(),
    checkRuntime(config),
    checkDisk(config),
    bucket,
    checkEngines(config),
    checkModels(config),
    checkDeployment(),
  ];
  const findings = (await Promise.all(groups)).flat();
  const failed = findings.some(({ ok, required }) => required && !ok);
  process.stdout.write(
    options.json ? `${JSON.stringify({ ok: !failed, findings }, null, 2)}\n` : report(findings, failed),
  );
  if (failed) process.exitCode = 1;
}

/** The endpoint's settings, where there are any. */
async function checkDeployment(): Promise<Finding[]> {
  const file = "runpod.toml";
  if (!existsSync(file)) return [];
  const finding = { group: "Deployment", name: file, required: false };
  try {
    const { planOf } = await import("./deploy/plan.ts");
    const { readRunpodToml } = await import("./deploy/runpod-toml.ts");
    const { endpoint } = planOf(await readRunpodToml(file), { image: "any" });
    const detail = `${endpoint.name}: ${endpoint.workersMin} to ${endpoint.workersMax} workers`;
    return [{ ...finding, ok: true, detail }];
  } catch (error) {
    return [{ ...finding, ok: false, detail: toAppError(error).message, remedy: "Mend the file: docs/deploy.md." }];
  }
}

async function checkNode(): Promise<Finding[]> {
  const ok = Number(process.versions.node.split(".")[0]) >= 24;
  return [
    {
      group: "Runtime",
      name: "Node",
      ok,
      required: true,
      detail: process.version,
      ...(ok ? {} : { remedy: 'Run "npm ci": it brings Node 24.' }),
    },
  ];
}

/** Whether ffmpeg is there, and what it can encode. */
export async function checkMedia(config: Config): Promise<Finding[]> {
  const group = "Media";
  try {
    const { ffmpeg, ffprobe } = await resolveBinaries({ ...config, ignoreSystem: config.ignoreSystemFfmpeg });
    const encoders = await availableEncoders(ffmpeg);
    const gpu = detectDevice().gpuAvailable;
    return [
      { group, name: "ffmpeg", ok: true, required: true, detail: await describe(ffmpeg) },
      { group, name: "ffprobe", ok: true, required: true, detail: await describe(ffprobe) },
      ...ENCODERS.map(({ name, use, required }) => {
        const ok = encoders.has(name);
        const about = name.includes("nvenc") && ok && !gpu ? `${use}; this machine has no GPU` : use;
        const remedy = ok ? {} : { remedy: `Install an ffmpeg that has ${name}, or set FFMPEG_PATH to one.` };
        return {
          group,
          name,
          ok: ok && (gpu || !name.includes("nvenc")),
          required,
          detail: about,
          ...(required || !name.includes("nvenc") ? remedy : {}),
        };
      }),
    ];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [
      { group, name: "ffmpeg", ok: false, required: true, detail, remedy: "Install ffmpeg, or set FFMPEG_PATH." },
    ];
  }
}

async function describe(binary: Binary): Promise<string> {
  const origin = { configured: "as configured", system: "the system's", package: "from npm" }[binary.source];
  return `${await binaryVersion(binary)}, ${origin}: ${binary.path}`;
}

async function checkRuntime(config: Config): Promise<Finding[]> {
  const group = "ONNX Runtime";
  const { device } = detectDevice();
  const gpu: Finding = {
    group,
    name: "GPU",
    ok: device === "cuda",
    required: false,
    detail:
      device === "cuda" ? `NVIDIA driver present, ${gpuNames().length} device(s)` : "none; embedded engines need none",
  };
  try {
    const { version, providers } = await probeRuntime();
    return [
      { group, name: "onnxruntime-node", ok: true, required: false, detail: version },
      ...providers.map(({ name, bundled }) => ({
        group,
        name,
        ok: bundled,
        required: false,
        detail: bundled ? "library installed" : "library not installed",
        ...(bundled || device !== "cuda" ? {} : { remedy: "Install with ONNXRUNTIME_NODE_INSTALL=cuda12." }),
      })),
      gpu,
      ...(await checkProviders(config)),
    ];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [
      { group, name: "onnxruntime-node", ok: false, required: false, detail, remedy: 'Run "npm ci" again.' },
      gpu,
    ];
  }
}

/** Runs the smallest network on each provider of the configured order. */
async function checkProviders(config: Config): Promise<Finding[]> {
  const order = readProviders(config.providers);
  for (const provider of order.providers) {
    await using use = await inferenceThreads.use(provider);
    await probeProvider(use.thread, provider, order.device);
  }
  return providerStatus(order).map(({ name, state, reason = "runs networks", remedy }) => ({
    group: "ONNX Runtime",
    name: `on ${name}`,
    ok: state === "works",
    required: false,
    detail: reason,
    // A device that is not there is no fault, unless it was asked for.
    ...(remedy !== undefined && order.providers.includes(name) ? { remedy } : {}),
  }));
}

/** Whether outputs can be written. */
export async function checkDisk({ dataDir }: Config): Promise<Finding[]> {
  const group = "Disk";
  try {
    await mkdir(dataDir, { recursive: true });
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const ok = free >= ENOUGH_SPACE;
    const detail = `${(free / 1e9).toFixed(1)} GB free in ${dataDir}`;
    return [
      {
        group,
        name: "outputs",
        ok,
        required: true,
        detail,
        ...(ok ? {} : { remedy: "Free space, or set TALKBOX_DATA." }),
      },
    ];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [
      {
        group,
        name: "outputs",
        ok: false,
        required: true,
        detail,
        remedy: "Set TALKBOX_DATA to a folder that can be written.",
      },
    ];
  }
}

async function checkEngines(config: Config): Promise<Finding[]> {
  // Without the bucket: its settings are looked at by themselves, and nothing is to be sent from here.
  await using services = createServices({ ...config, bucket: undefined }, silentLog());
  const states = await services.engines.status();
  return states.map(({ id, kind, description, availability }) => ({
    group: "Engines",
    name: `${kind}/${id}`,
    ok: availability.available,
    // A trade that no embedded engine has needs files that not everybody wants.
    required:
      states.some((other) => other.kind === kind && other.embedded) &&
      !states.some((other) => other.kind === kind && other.availability.available),
    detail: availability.available ? description : availability.reason,
    ...(availability.available ? {} : { remedy: availability.remedy }),
  }));
}

function report(findings: readonly Finding[], failed: boolean): string {
  const lines: string[] = [];
  let group = "";
  for (const finding of findings) {
    if (finding.group !== group) lines.push(...(group ? [""] : []), (group = finding.group));
    const mark = finding.ok ? "✓" : finding.required ? "✗" : "–";
    lines.push(`  ${mark} ${finding.name.padEnd(18)} ${finding.detail}`);
    if (!finding.ok && finding.remedy) lines.push(`    → ${finding.remedy}`);
  }
  lines.push("", failed ? "Something that jobs need is missing: see ✗ above." : "Jobs can run here.");
  return `${lines.join("\n")}\n`;
}
