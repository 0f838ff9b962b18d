import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Config } from "../../config.ts";
import { AppError, toAppError } from "../../errors.ts";
import { inspectModel } from "../../library/models/inspect-model.ts";
import { type Manifest, readManifest, readManifests } from "../../library/models/pull/manifest.ts";
import { type Pulled, pullManifest } from "../../library/models/pull/pull-manifest.ts";
import { looksLikeSource, parseSource, type SourceSettings } from "../../library/models/pull/source.ts";
import { BucketClient } from "../../storage/s3/bucket-client.ts";
import { bucketSettings } from "../../storage/s3/settings.ts";
import { packageRoot } from "../package.ts";
import { createProgressView, type ProgressView } from "../progress.ts";
import { columns, showBytes, showNetwork } from "./show.ts";
import { stopSignals } from "../stop-signals.ts";

export type PullOptions = {
  readonly acceptLicence: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly into?: string;
  readonly sha256?: string;
  readonly force: boolean;
  readonly quiet: boolean;
};

const VERIFIED = {
  manifest: "its sha256 is the manifest's",
  publisher: "its sha256 is what its publisher says",
  record: "its sha256 is that of its first download",
  end: "the MD5 of its end is the manifest's",
  size: "its size is right, and nobody says its sha256",
  nothing: "nobody says what its size and sha256 should be",
} as const satisfies Record<Pulled["verified"], string>;

/** `talkbox models pull`. */
export async function pullModels(name: string | undefined, options: PullOptions, config: Config): Promise<void> {
  using interrupt = stopSignals();
  const say = (text: string): boolean => process.stderr.write(`${text}\n`);
  try {
    if (name === undefined) return await listManifests();
    const settings = sourceSettings(config);
    const manifest = await findManifest(asSource(name), options, settings);
    const from = options.from === undefined ? undefined : asSource(options.from);
    // Where there is nothing to download, there is nothing to accept: it is said where to get it.
    const downloads = from !== undefined || manifest.files.some(({ sources }) => sources.length > 0);
    await agree(manifest, { acceptLicence: options.acceptLicence || !downloads }, interrupt.signal);
    const into = options.into === undefined ? intoOf(config) : resolve(options.into);
    let view: ProgressView | undefined;
    let current = "";
    const endView = (): void => {
      view?.stop();
      view = undefined;
    };
    const files = pullManifest(manifest, {
      settings,
      into,
      from,
      force: options.force,
      signal: interrupt.signal,
      starting({ file }, source) {
        current = file;
        endView();
        if (options.quiet) return;
        say(`${file} from ${source}`);
        view = createProgressView(process.stderr);
      },
      progress(bytes, total) {
        const share = total === undefined || total === 0 ? 0 : bytes / total;
        view?.show({ type: "progress", progress: share, stage: current, stage_progress: share });
      },
      waiting: () => options.quiet || say("Another process downloads it; waiting."),
    });
    try {
      for await (const pulled of files) {
        endView();
        const done = pulled.source === "" ? "is there already" : "is there";
        const kept = pulled.source !== "" && pulled.verified !== "manifest" ? " (kept from now on)" : "";
        const { network, licence } = await lookAt(pulled);
        const what = [showBytes(pulled.bytes), ...network, VERIFIED[pulled.verified]].join(", ");
        process.stdout.write(`${pulled.path} ${done}: ${what}.\n  sha256 ${pulled.sha256}${kept}\n`);
        // A source by itself comes without a manifest that says it.
        if (manifest.licence.notice === "" && licence !== "") process.stdout.write(`  Licence: ${licence}\n`);
      }
    } finally {
      endView();
    }
  } catch (error) {
    const known = toAppError(error);
    say(`talkbox: ${interrupt.signal.aborted ? stopped : known.message} (${known.code})`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  }
}

/** A path of this machine is a source as well; a manifest's file is none. */
function asSource(text: string): string {
  return /^\.{0,2}\//.test(text) && !text.endsWith(".json") ? `file:${resolve(text)}` : text;
}

const stopped = "The download was stopped; the same command goes on from there.";

/** The folder of the manifests that come with Talkbox. */
export function manifestsFolder(): string {
  return join(packageRoot(), "models/manifests");
}

async function listManifests(): Promise<void> {
  const manifests = await readManifests(manifestsFolder());
  const rows = manifests.map(({ name, title, licence, files }) => {
    const byHand = files.every(({ sources }) => sources.length === 0)
      ? " (no direct download: NAME says from where)"
      : "";
    return [name, title, `${licence.name}${byHand}`];
  });
  process.stdout.write(`${columns(rows).join("\n")}\n\ntalkbox models pull NAME downloads one of them.\n`);
}

/** A manifest by its name or file, or one made up for a source. */
async function findManifest(name: string, options: PullOptions, settings: SourceSettings): Promise<Manifest> {
  if (looksLikeSource(name)) {
    const source = parseSource(name, settings);
    const to = options.to ?? `downloads/${source.file}`;
    const parts = to.split("/");
    if (parts.some((part) => part === "" || part.startsWith(".")) || parts.length < 2) {
      throw new AppError(
        "invalid_input",
        `--to takes a file in a folder below the models folder, such as wav2lip/${source.file}.`,
      );
    }
    const sha256 = options.sha256?.toLowerCase() ?? null;
    if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new AppError("invalid_input", "--sha256 takes 64 hexadecimal digits.");
    }
    const file = { file: parts.at(-1) ?? "", sources: [name], bytes: null, sha256 };
    const licence = { name: "", notice: "" };
    return {
      name: "source",
      title: source.text,
      page: source.text,
      licence,
      folder: parts.slice(0, -1).join("/"),
      files: [file],
    };
  }
  if (name.endsWith(".json")) return readManifest(name);
  const manifests = await readManifests(manifestsFolder());
  const found = manifests.find((manifest) => manifest.name === name.toLowerCase());
  if (found) return found;
  const known = manifests.map((manifest) => manifest.name).join(", ");
  throw new AppError(
    "not_found",
    `There is no manifest "${name.slice(0, 60)}". Known: ${known}. A file or a source can be given too: talkbox models pull --help`,
  );
}

/** Shows the licence and has it accepted. @throws AppError `invalid_input` where it is not */
async function agree(
  { title, licence, page }: Manifest,
  { acceptLicence }: Pick<PullOptions, "acceptLicence">,
  signal: AbortSignal,
): Promise<void> {
  if (licence.notice === "") return;
  const where = licence.url ?? page;
  process.stderr.write(`${title}\nLicence: ${licence.name}. ${licence.notice}\n         ${where}\n`);
  if (acceptLicence) return;
  const declined = new AppError("invalid_input", "Nothing was downloaded: accept the licence with --accept-licence.");
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw declined;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question("Do you accept it? [y/N] ", { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw declined;
  } finally {
    prompt.close();
  }
}

/** A network volume outlives its workers: files go there where there is one and no other folder was chosen. */
function intoOf({ modelsDir, volumeDir }: Config): string {
  const own = resolve(packageRoot(), "models");
  return modelsDir === own && existsSync(volumeDir) ? join(volumeDir, "models") : modelsDir;
}

function sourceSettings(config: Config): SourceSettings {
  return {
    huggingFace: config.huggingFace(),
    bucket(name) {
      const variables = config.bucket?.();
      if (!variables) {
        throw new AppError(
          "invalid_input",
          "A source s3://… needs the bucket's settings: BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY.",
        );
      }
      const names = {
        endpointUrl: "BUCKET_ENDPOINT_URL",
        bucket: "BUCKET_NAME",
        accessKeyId: "BUCKET_ACCESS_KEY_ID",
        secretAccessKey: "BUCKET_SECRET_ACCESS_KEY",
      };
      // The outputs' bucket may be another one on the same host.
      const settings = bucketSettings({ ...variables, bucket: variables.bucket || name }, names);
      return new BucketClient({ ...settings, bucket: name, prefix: "" });
    },
  };
}

/** What has come, where its content tells: its network, and that network's licence. */
async function lookAt({ path }: Pulled): Promise<{ readonly network: readonly string[]; readonly licence: string }> {
  const { family, variant, licence } = path.endsWith(".onnx")
    ? { family: "", variant: "", licence: "" }
    : await inspectModel(path);
  return { network: family === "" ? [] : [showNetwork({ family, variant })], licence };
}
