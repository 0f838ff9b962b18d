import { Command } from "commander";
import type { Config } from "../config.ts";
import type { CheckModelOptions } from "./models/check.ts";
import type { PullOptions } from "./models/pull.ts";

/** `talkbox models`: files of weights, and the graphs made of them. Subcommands are loaded when one is called. */
export function modelsCommand(config: () => Config): Command {
  const command = new Command("models")
    .description("Find, check and download files of weights.")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("(talkbox models --help lists what there is)")
    .addHelpText(
      "after",
      `
Examples:
  talkbox models list
  talkbox models check models/wav2lip/wav2lip_gan.pth
  talkbox models pull s3fd --accept-licence
  talkbox models pull hf:owner/repo/file.pth --to wav2lip/file.pth

Files are known by what they hold, not by their names: put them anywhere into the models folder. docs/models.md`,
    );
  command
    .command("list")
    .description("List the files of weights: network, size, licence, and whether they can be used.")
    .option("--json", "print them as JSON", false)
    .action(async (options: { json: boolean }) => {
      const { listModels } = await import("./models/list.ts");
      await listModels(options, config());
    });
  command
    .command("check")
    .description("Say what a file of weights is, or exactly what in it is not supported.")
    .argument("<file>", "a file of torch.save, TorchScript, safetensors (or its .index.json), NumPy or pickle")
    .option("--json", "print what was found as JSON", false)
    .option("--quick", "look at keys and shapes alone, not at every weight", false)
    .option("--tensors", "print its tensors instead, one a line", false)
    .option("--graph [part]", "print its graphs instead, or one of them, as text")
    .addHelpText("after", "\nExit code: 0 when it can be used, 1 when it cannot, 130 when it was interrupted.")
    .action(async (file: string, options: CheckModelOptions) => {
      const { checkModelFile } = await import("./models/check.ts");
      await checkModelFile(file, options);
    });
  command
    .command("pull")
    .description("Download what a manifest names; without a name, list the manifests.")
    .argument("[name]", "a manifest's name, a manifest's file, or a source: https://…, hf:…, s3://…, file:…")
    .option("--accept-licence", "take the licence that is shown as accepted", false)
    .option(
      "--from <source>",
      "take the files from here instead: a URL, hf:owner/repo@rev, s3://bucket/folder, or a file or folder here",
    )
    .option(
      "--into <folder>",
      "the models folder (default: the network volume's where there is one, else TALKBOX_MODELS)",
    )
    .option("--to <path>", "for a source: where the file goes, below the models folder")
    .option("--sha256 <hex>", "for a source: what its content must be")
    .option("--force", "download files again that are there", false)
    .option("-q, --quiet", "no progress on the standard error", false)
    .addHelpText(
      "after",
      `
Sources: hf:owner/repo/path[@revision] is Hugging Face (HF_TOKEN for what is gated, HF_ENDPOINT for a mirror),
s3://bucket/key the bucket that BUCKET_ENDPOINT_URL leads to, file:/path or ./path a file here or on a network volume.
Stopped with Ctrl-C or cut off, the same command goes on where it was.
Exit code: 0 when every file is there, 1 when one is not, 130 when it was interrupted.`,
    )
    .action(async (name: string | undefined, options: PullOptions) => {
      const { pullModels } = await import("./models/pull.ts");
      await pullModels(name, options, config());
    });
  command
    .command("clean")
    .description("Remove the graphs that were made of files of weights; they are made anew when they are used.")
    .option("--keep <gigabytes>", "let those that were used last stay, up to this size", "0")
    .action(async (options: { keep: string }) => {
      const { cleanModels } = await import("./models/clean.ts");
      await cleanModels(options, config());
    });
  return command;
}
