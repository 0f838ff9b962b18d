import { Command } from "commander";
import { readConfig } from "../config.ts";
import { toAppError } from "../errors.ts";
import { avatarsCommand } from "./avatars.ts";
import type { BatchOptions } from "./batch.ts";
import type { DeployOptions } from "./deploy.ts";
import type { ServeOptions } from "./serve.ts";
import { addDotEnv } from "./dot-env.ts";
import { chooseMode } from "./mode.ts";
import { modelsCommand } from "./models.ts";
import { packageRoot, packageVersion } from "./package.ts";
import { voicesCommand } from "./voices.ts";

/** The `talkbox` command. Each subcommand's module is loaded when it is called. */
const program = new Command("talkbox")
  .description("Talking avatars, speech and covers: a serverless worker in TypeScript.")
  .version(packageVersion(), "-v, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .helpCommand("help [command]", "print the help of a command")
  .showHelpAfterError("(talkbox --help lists what there is)")
  .addHelpText(
    "after",
    `
Without a command, talkbox does what TALKBOX_MODE says; else it takes jobs where RunPod's queue is set, serves where
PORT is set, and runs the job in ./test_input.json anywhere else.

Examples:
  talkbox run                                   the job in ./test_input.json
  talkbox run --input job.json --out out        a job from a file, its outputs in out/
  talkbox run --input '{"operation":"list_voices"}'
  talkbox demo                                  an avatar, a song cover and a cloned voice
  talkbox voices add mina.wav --name mina       a recording as a voice to speak with
  talkbox avatars add anna.jpg --name anna      a photo as an avatar
  talkbox models pull s3fd                      weights from where their project publishes them
  talkbox doctor                                what works here, and how to mend the rest

Settings come from the environment and from .env in the current folder, which the environment outweighs:
docs/configuration.md lists them.`,
  );

program
  .command("run", { isDefault: true })
  .description("Run one job and print its result as JSON.")
  .option("-i, --input <file|json>", "the job: a file, or JSON as it is", "test_input.json")
  .option("-o, --out <folder>", "put outputs here and keep them (default: TALKBOX_DATA, with their time to live)")
  .option("-q, --quiet", "no progress on the standard error", false)
  .option("--summary", "end with a table of outputs, engines and times instead of JSON", false)
  .addHelpText("after", "\nExit code: 0 when the job succeeded, 1 when it failed, 130 when it was interrupted.")
  .action(async (options: { input: string; out?: string; quiet: boolean; summary: boolean }) => {
    const { runCommand } = await import("./run.ts");
    await runCommand(options, config());
  });

program
  .command("demo")
  .description("Show what there is: a talking avatar, a song cover and a cloned voice, in ./out.")
  .option("-i, --input <file|json>", "the avatar's job: a file, or JSON as it is", "test_input.json")
  .option("-o, --out <folder>", "put outputs here", "out")
  .action(async (options: { input: string; out: string }) => {
    const { demoCommand } = await import("./demo.ts");
    await demoCommand(options, config());
  });

program
  .command("serve")
  .description("Serve jobs over HTTP, as RunPod's endpoints do.")
  .option("-p, --port <ports>", "the port, or several as 5000,3000; 0 takes a free one (default: PORT, else 5000)")
  .option("--host <address>", "the address to listen on (default: 127.0.0.1, or 0.0.0.0 where PORT is set)")
  .option("--profile <name>", "whose form answers have: avatar, interview-2025-01 (default: TALKBOX_PROFILE)")
  .option("--model-path <model>", "a Higgs Audio checkpoint, as its own server takes it")
  .option("--audio-tokenizer-path <model>", "its audio tokenizer")
  .option("--device <device>", "where networks run: cuda, cuda:N, webgpu, cpu or auto (default: TALKBOX_PROVIDERS)")
  .addHelpText("after", "\nJobs are kept in TALKBOX_DATA: what was accepted goes on after a crash or a restart.")
  .action(async (options: ServeOptions) => {
    const { serveCommand } = await import("./serve.ts");
    await serveCommand(options, config());
  });

program
  .command("worker")
  .description("Take jobs from RunPod's queue, as the platform's container does.")
  .option("-s, --simulate [file|json]", "hand one job through a simulated queue instead (default: test_input.json)")
  .addHelpText(
    "after",
    `
Takes up to TALKBOX_CONCURRENCY jobs at once. Statuses and progress are shown as the job's output so far, parts are
streamed. SIGTERM: no more jobs are taken, those at hand get 25 s. Needs the variables that RunPod sets in its
containers. Exit code: 0 when told to stop, 1 when the worker is unfit or broke down.`,
  )
  .action(async (options: { simulate?: string | true }) => {
    const { workerCommand } = await import("./worker.ts");
    await workerCommand(options, config());
  });

program
  .command("batch <file>")
  .description("Run a file of jobs, one a line, on a RunPod endpoint or a server of your own.")
  .requiredOption("--endpoint <id>", "the endpoint; any id where --base-url is a talkbox serve")
  .option("--base-url <url>", "where the endpoint is, such as http://127.0.0.1:5000/v2 (default: RunPod)")
  .option("-c, --concurrency <n>", "jobs at once", "4")
  .option("--retries <n>", "times that a job which failed is run again", "2")
  .option("--schedule <cron>", 'run at these times, such as "0 3 * * *", until stopped')
  .option("--tz <zone>", "time zone of the schedule, such as Asia/Seoul (default: this machine's)")
  .option("-o, --out <folder>", "outputs and the ledger (default: FILE.out)")
  .option("--retry-unknown", "run lines again of which nobody knows whether they ran", false)
  .option("--retry-failed", "run lines again that have failed", false)
  .addHelpText(
    "after",
    "\nStopped or killed, the same command goes on where it was: finished lines are not run again." +
      "\nNeeds RUNPOD_API_KEY. Exit code: 0 when every line is completed, 1 when not, 130 when it was interrupted.",
  )
  .action(async (file: string, options: BatchOptions) => {
    const { batchCommand } = await import("./batch.ts");
    await batchCommand(file, options, config());
  });

program
  .command("doctor")
  .description("Say what works on this machine, what does not, and how to mend it.")
  .option("--json", "print the findings as JSON", false)
  .option(
    "--fix-lifecycle",
    "install the rules that delete expired outputs from the bucket, beside those it has",
    false,
  )
  .addHelpText("after", "\nExit code: 0 when jobs can run, 1 when something they need is missing.")
  .action(async (options: { json: boolean; fixLifecycle: boolean }) => {
    const { doctorCommand } = await import("./doctor.ts");
    await doctorCommand(options, config());
  });

program
  .command("deploy")
  .description("Make the endpoint on RunPod what runpod.toml says.")
  .option("-f, --file <path>", "the settings", "runpod.toml")
  .option("--image <image>", "the image, registry/name:tag (default: talkbox.image in the file)")
  .option("--name <name>", "name of the endpoint (default: name in the file)")
  .option("--dry-run", "print what would be asked of RunPod, and ask nothing", false)
  .option("--api-url <url>", "RunPod's REST API", "https://rest.runpod.io/v1")
  .addHelpText("after", "\nNeeds RUNPOD_API_KEY. An endpoint of that name is changed; another is made.")
  .action(async (options: DeployOptions) => {
    const { deployCommand } = await import("./deploy.ts");
    await deployCommand(options, config());
  });

const outbox = program
  .command("outbox")
  .description("Outputs that the bucket did not take, kept on disk until it does.");

outbox
  .command("list")
  .description("Print what waits to be sent.")
  .option("--json", "as JSON", false)
  .action(async (options: { json: boolean }) => {
    const { listOutbox } = await import("./outbox.ts");
    await listOutbox(options, config());
  });

outbox
  .command("flush")
  .description("Send what waits, under the names and with the expiry that it was promised.")
  .option("--json", "print what became of each file as JSON", false)
  .addHelpText("after", "\nExit code: 0 when nothing waits any more, 1 when something does or was lost.")
  .action(async (options: { json: boolean }) => {
    const { flushOutbox } = await import("./outbox.ts");
    await flushOutbox(options, config());
  });

program.addCommand(voicesCommand(config));
program.addCommand(avatarsCommand(config));
program.addCommand(modelsCommand(config));

function config(): ReturnType<typeof readConfig> {
  return readConfig(process.env, packageRoot());
}

// A file-size limit is to fail the write that meets it, not the process.
if (process.platform !== "win32") process.on("SIGXFSZ", () => {});

try {
  addDotEnv(process.cwd(), process.env);
  const alone = process.argv.length <= 2;
  await program.parseAsync(alone ? [...process.argv, chooseMode(config())] : process.argv);
} catch (error) {
  console.error(`talkbox: ${toAppError(error).message}`);
  process.exitCode = 1;
}
