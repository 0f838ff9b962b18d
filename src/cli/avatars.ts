import { Command } from "commander";
import type { Config } from "../config.ts";
import type { AddAvatarOptions } from "./avatars/actions.ts";

/** `talkbox avatars`: photos and videos of people under TALKBOX_DATA. Subcommands are loaded when one is called. */
export function avatarsCommand(config: () => Config): Command {
  const command = new Command("avatars")
    .description("Keep photos and short videos of people as avatars.")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText(
      "after",
      `
Examples:
  talkbox avatars add portrait.jpg --name anna --voice belinda
  talkbox avatars list
  talkbox run --input '{"operation":"lipsync","params":{"text":"Hello!","avatar":"anna"}}'
  talkbox avatars remove anna`,
    );
  command
    .command("add")
    .description("Keep a photo or a short video as an avatar.")
    .argument("<file>", "a JPEG, PNG, WebP, AVIF or TIFF picture of a face, or an MP4, WebM, MOV or MKV video of one")
    .option("-n, --name <name>", "what the avatar is to be called (default: the file's name)")
    .option("-d, --description <text>", "words about the avatar, for lists")
    .option("-v, --voice <voice>", "the voice that suits the person: talkbox voices list")
    .option("--face-box <x,y,w,h>", "where the face is, in pixels of the upright picture, if it is not found")
    .option("--mouth-box <x,y,w,h>", "where the lips are, likewise")
    .option("--overwrite", "replace an avatar of this name", false)
    .option("-q, --quiet", "no progress on the standard error", false)
    .addHelpText("after", "\nExit code: 0 when the avatar is kept, 1 when it is not, 130 when it was interrupted.")
    .action(async (file: string, options: AddAvatarOptions) => {
      const { addAvatar } = await import("./avatars/actions.ts");
      await addAvatar(file, options, config());
    });
  command
    .command("list")
    .description("List the avatars.")
    .option("--json", "print them as JSON", false)
    .action(async (options: { json: boolean }) => {
      const { listAvatars } = await import("./avatars/actions.ts");
      await listAvatars(options, config());
    });
  command
    .command("remove")
    .description("Remove an avatar that was added, with its picture.")
    .argument("<name>", "its name, as `talkbox avatars list` shows it")
    .addHelpText("after", "\nExit code: 0 when it is gone, 1 when there was none or it comes with Talkbox.")
    .action(async (name: string) => {
      const { removeAvatar } = await import("./avatars/actions.ts");
      await removeAvatar(name, config());
    });
  return command;
}
