import { once } from "node:events";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { detectDevice } from "../inference/devices.ts";
import { createLog, type Log } from "../log.ts";
import { collectLessOften } from "../server/heap-growth.ts";
import { openServer, type Server } from "../server/open-server.ts";
import { packageVersion } from "./package.ts";
import { stopSignals } from "./stop-signals.ts";

/** Options of `talkbox serve`; the last three are those of the Higgs Audio server (document 003). */
export type ServeOptions = {
  readonly port?: string;
  readonly host?: string;
  readonly profile?: string;
  readonly modelPath?: string;
  readonly audioTokenizerPath?: string;
  readonly device?: string;
};

const DEFAULT_PORT = 5000;

/** Serves until it is told to stop; a second signal ends it at once. */
export async function serveCommand(options: ServeOptions, config: Config): Promise<void> {
  collectLessOften();
  const log = createLog(config);
  const [port = 0, ...morePorts] = readPorts(options.port) ?? [config.port === 0 ? DEFAULT_PORT : config.port];
  // Where PORT is given there is a proxy in front, which comes from outside.
  const host = options.host ?? (config.port === 0 ? "127.0.0.1" : "0.0.0.0");
  const healthPort = config.portHealth === 0 ? {} : { healthPort: config.portHealth };
  checkModelOptions(options, log);
  const placed = { ...config, providers: providersOf(options.device) ?? config.providers };
  const profile = readProfile(options.profile) ?? config.profile;
  const version = packageVersion();
  const server = await openServer({ config: placed, log, port, morePorts, host, ...healthPort, profile, version });
  process.stdout.write(startLines(server, config, host));
  const onVolume = config.dataDir.startsWith(config.volumeDir);
  if (config.port !== 0 && !server.services.outputs.bucket && !onVolume) {
    log.warn("outputs are kept on this disk: other workers of the endpoint cannot hand them out; configure a bucket");
  }
  using stop = stopSignals();
  await once(stop.signal, "abort");
  log.info("stopping: jobs under way are finished, those that wait are kept");
  await server.close().catch((error: unknown) => {
    log.error({ err: error }, "the server did not close as it should");
    process.exitCode = 1;
  });
  log.info("stopped");
  // What may still hang of a job that would not stop is not waited for.
  process.exit();
}

/** `5000` or `5000,3000,8000`. @throws AppError `invalid_input` for what is no port */
function readPorts(given: string | undefined): number[] | undefined {
  return given?.split(",").map((text) => {
    const port = text.trim();
    if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
    throw new AppError("invalid_input", `"${port}" is no port. Give a number from 0 to 65535; 0 takes a free one.`);
  });
}

/**
 * The options by which a Higgs Audio server is started. No engine here reads its checkpoint, which the log says.
 * @throws AppError `invalid_input` for what is no device
 */
function checkModelOptions({ modelPath, audioTokenizerPath, device = "auto" }: ServeOptions, log: Log): void {
  if (!/^(?:auto|cpu|webgpu|(?:cuda|tensorrt)(?::\d{1,2})?)$/.test(device)) {
    throw new AppError("invalid_input", `"${device}" is no device. Give cuda, cuda:0, webgpu, tensorrt, cpu or auto.`);
  }
  if (modelPath !== undefined || audioTokenizerPath !== undefined) {
    log.warn("--model-path and --audio-tokenizer-path have no effect: no engine here reads a Higgs Audio checkpoint");
  }
  if (device.startsWith("cuda") && detectDevice().device === "cpu") {
    log.warn({ device }, "no NVIDIA device is here: everything runs on the processor");
  }
}

/** The order of providers that a device means: itself, then the CPU. Undefined leaves the setting as it is. */
function providersOf(device = "auto"): string | undefined {
  if (device === "auto") return undefined;
  return device === "cpu" ? "cpu" : `${device},cpu`;
}

/** @throws AppError `invalid_input` for a profile that there is not */
function readProfile(given: string | undefined): Config["profile"] | undefined {
  if (given === undefined || given === "avatar" || given === "interview-2025-01") return given;
  throw new AppError("invalid_input", `There is no profile "${given}". Known: avatar, interview-2025-01.`);
}

/** What a person needs to call it. */
function startLines({ url, moreUrls, takenUp }: Server, config: Config, host: string): string {
  const callers =
    config.apiKey !== "" ? "with TALKBOX_API_KEY" : host.startsWith("127.") ? "from this machine" : "from anywhere";
  return [
    `Talkbox ${packageVersion()} listens on ${url} (callers ${callers})`,
    ...moreUrls.map((more) => `  the same on      ${more}`),
    `  RunPod endpoint  ${url}/v2/local`,
    `  with runpod-sdk  runpodSdk(key, { baseUrl: "${url}/v2" }).endpoint("local")`,
    `  Studio           ${url}/studio/`,
    `  API reference    ${url}/docs`,
    `  readiness        ${url}/ping`,
    `  metrics          ${url}/metrics`,
    ...(takenUp > 0 ? [`  jobs taken up    ${takenUp} from an earlier run`] : []),
    "",
  ].join("\n");
}
