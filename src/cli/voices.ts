import { Command } from "commander";
import type { Config } from "../config.ts";
import type { AddVoiceOptions } from "./voices/actions.ts";

/** `talkbox voices`: the reference voices under TALKBOX_DATA. What the subcommands do is loaded when one is called. */
export function voicesCommand(config: () => Config): Command {
  const command = new Command("voices")
    .description("Keep recordings as reference voices, to speak with and to convert to.")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("(talkbox voices --help lists what there is)")
    .addHelpText(
      "after",
      `
Examples:
  talkbox voices add mina.wav --name mina --description "Mina, calm and close"
  talkbox voices list
  talkbox run --input '{"operation":"tts","params":{"text":"안녕하세요","voice":"mina"}}'
  talkbox voices remove mina`,
    );
  command
    .command("add")
    .description("Keep a recording as a voice.")
    .argument("<file>", "1 to 120 s of one person's speech in any format; 5 to 30 s without music are best")
    .option("-n, --name <name>", "what the voice is to be called (default: the file's name)")
    .option("-d, --description <text>", "words about the voice, for lists")
    .option("--overwrite", "replace a voice of this name", false)
    .option("-q, --quiet", "no progress on the standard error", false)
    .addHelpText("after", "\nExit code: 0 when the voice is kept, 1 when it is not, 130 when it was interrupted.")
    .action(async (file: string, options: AddVoiceOptions) => {
      const { addVoice } = await import("./voices/actions.ts");
      await addVoice(file, options, config());
    });
  command
    .command("list")
    .description("List the voices: those that were added, then those that come with the engines.")
    .option("--json", "print them as JSON", false)
    .action(async (options: { json: boolean }) => {
      const { listVoices } = await import("./voices/actions.ts");
      await listVoices(options, config());
    });
  command
    .command("remove")
    .description("Forget a voice that was added, with its recording.")
    .argument("<name>", "its name, as `talkbox voices list` shows it")
    .addHelpText("after", "\nExit code: 0 when it is gone, 1 when there was none or it comes with an engine.")
    .action(async (name: string) => {
      const { removeVoice } = await import("./voices/actions.ts");
      await removeVoice(name, config());
    });
  return command;
}
