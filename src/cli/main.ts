import { Command } from "commander";
import { readConfig } from "../config.ts";
import { toAppError } from "../errors.ts";
import type { DeployOptions } from "./deploy.ts";
import { packageRoot, packageVersion } from "./package.ts";

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
Without a command, talkbox does "talkbox run".

Examples:
  talkbox run                                   the job in ./test_input.json
  talkbox run --input job.json --out out        a job from a file, its outputs in out/
  talkbox run --input '{"operation":"list_voices"}'
  talkbox doctor                                what works here, and how to mend the rest

Settings come from the environment: docs/configuration.md lists them.`,
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
  .command("doctor")
  .description("Say what works on this machine, what does not, and how to mend it.")
  .option("--json", "print the findings as JSON", false)
  .addHelpText("after", "\nExit code: 0 when jobs can run, 1 when something they need is missing.")
  .action(async (options: { json: boolean }) => {
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

function config(): ReturnType<typeof readConfig> {
  return readConfig(process.env, packageRoot());
}

// A file-size limit is to fail the write that meets it, not the process.
if (process.platform !== "win32") process.on("SIGXFSZ", () => {});

try {
  await program.parseAsync();
} catch (error) {
  console.error(`talkbox: ${toAppError(error).message}`);
  process.exitCode = 1;
}
