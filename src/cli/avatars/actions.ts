import { basename, extname } from "node:path";
import type { JobResult } from "../../../handler/index.ts";
import type { Config } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { inTerminal, readNamed } from "../in-terminal.ts";

/** Options of `talkbox avatars add`. */
export type AddAvatarOptions = {
  readonly name?: string;
  readonly description?: string;
  readonly voice?: string;
  readonly faceBox?: string;
  readonly mouthBox?: string;
  readonly overwrite: boolean;
  readonly quiet: boolean;
};

/** Endings of names of videos; all else is sent as a picture, and what it is is read from its content. */
const VIDEO = /\.(mp4|m4v|webm|mov|mkv|avi)$/i;

/** `talkbox avatars add`. */
export async function addAvatar(file: string, options: AddAvatarOptions, config: Config): Promise<void> {
  await inTerminal(config, !options.quiet, async (job) => {
    const bytes = (await readNamed(file, "a picture or a video")).toString("base64");
    const { description, voice, overwrite } = options;
    const params = {
      ...(VIDEO.test(file) ? { video: bytes } : { image: bytes }),
      name: options.name ?? basename(file, extname(file)),
      overwrite,
      ...(description === undefined ? {} : { description }),
      ...(voice === undefined ? {} : { voice }),
      ...(options.faceBox === undefined ? {} : { face_box: numbers("--face-box", options.faceBox) }),
      ...(options.mouthBox === undefined ? {} : { mouth_box: numbers("--mouth-box", options.mouthBox) }),
    };
    const kept = (await job("upload_avatar", params)) as JobResult & {
      name: string;
      kind: string;
      width: number;
      height: number;
      eyes_found: boolean;
    };
    const blinks = kept.eyes_found ? "" : " No eyes were found, so it will not blink.";
    return `Kept "${kept.name}": a ${kept.kind} of ${kept.width}x${kept.height} pixels.${blinks}`;
  });
}

/** `talkbox avatars list`. */
export async function listAvatars({ json }: { readonly json: boolean }, config: Config): Promise<void> {
  await inTerminal(config, false, async (job) => {
    const { avatars } = (await job("list_avatars", {})) as JobResult & {
      avatars: readonly { readonly id: string; readonly description: string }[];
    };
    if (json) return JSON.stringify(avatars, null, 2);
    const people = new Map(
      avatars.map(({ id, description }) => [id.replace(/_(short|long)_\d+p$/, ""), description] as const),
    );
    if (people.size === 0) return "There are none: talkbox avatars add PHOTO --name NAME";
    const width = Math.max(...[...people.keys()].map((name) => name.length));
    return [...people].map(([name, description]) => `${name.padEnd(width)}  ${description}`).join("\n");
  });
}

/** `talkbox avatars remove`. */
export async function removeAvatar(name: string, config: Config): Promise<void> {
  await inTerminal(config, false, async (job) => {
    const gone = (await job("delete_avatar", { name })) as JobResult & { name: string };
    return `Removed "${gone.name}".`;
  });
}

/** `12,40,80,80` as numbers. */
function numbers(option: string, text: string): number[] {
  const values = text.split(",").map((part) => Number(part.trim()));
  if (values.length === 4 && values.every((value) => Number.isFinite(value) && value >= 0)) return values;
  throw new AppError("invalid_input", `${option} takes four numbers, x,y,width,height: ${option} 120,80,200,240`);
}
