import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { createLog } from "../log.ts";
import { openServer, type Server } from "../server/open-server.ts";
import { packageVersion } from "./package.ts";

/** Options of `talkbox serve`. */
export type ServeOptions = { readonly port?: string; readonly host?: string };

const DEFAULT_PORT = 5000;

/** Serves until it is told to stop; a second signal ends it at once. */
export async function serveCommand(options: ServeOptions, config: Config): Promise<void> {
  const log = createLog(config);
  const port = readPort(options.port) ?? (config.port === 0 ? DEFAULT_PORT : config.port);
  // Where PORT is given there is a proxy in front, which comes from outside.
  const host = options.host ?? (config.port === 0 ? "127.0.0.1" : "0.0.0.0");
  const healthPort = config.portHealth === 0 ? {} : { healthPort: config.portHealth };
  const server = await openServer({ config, log, port, host, ...healthPort, version: packageVersion() });
  process.stdout.write(startLines(server, config, host));
  const onVolume = config.dataDir.startsWith(config.volumeDir);
  if (config.port !== 0 && !server.services.outputs.bucket && !onVolume) {
    log.warn("outputs are kept on this disk: other workers of the endpoint cannot hand them out; configure a bucket");
  }
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
      log.info("stopping: jobs under way are finished, those that wait are kept");
      server.close().then(resolve, (error: unknown) => {
        log.error({ err: error }, "the server did not close as it should");
        process.exitCode = 1;
        resolve();
      });
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
  });
  log.info("stopped");
  // What may still hang of a job that would not stop is not waited for.
  process.exit();
}

/** @throws AppError `invalid_input` for what is no port */
function readPort(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given);
  throw new AppError("invalid_input", `"${given}" is no port. Give a number from 0 to 65535; 0 takes a free one.`);
}

/** What a person needs to call it. */
function startLines({ url, takenUp }: Server, config: Config, host: string): string {
  const callers =
    config.apiKey !== "" ? "with TALKBOX_API_KEY" : host.startsWith("127.") ? "from this machine" : "from anywhere";
  return [
    `Talkbox ${packageVersion()} listens on ${url} (callers ${callers})`,
    `  RunPod endpoint  ${url}/v2/local`,
    `  with runpod-sdk  runpodSdk(key, { baseUrl: "${url}/v2" }).endpoint("local")`,
    `  readiness        ${url}/ping`,
    `  metrics          ${url}/metrics`,
    ...(takenUp > 0 ? [`  jobs taken up    ${takenUp} from an earlier run`] : []),
    "",
  ].join("\n");
}
