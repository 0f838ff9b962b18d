import { suggest } from "../engines/catalog.ts";
import type { AvatarInfo, Resolution } from "../engines/lipsync/lipsync-engine.ts";
import { AppError } from "../errors.ts";

/** Whom `auto` shows. */
const DEFAULT_PERSON = "new_talk";

/** Longest sound, in seconds, for which `auto` takes the short loop. */
export const SHORT_LOOP_SECONDS = 5;

/** What a caller's avatar name settles; what it leaves open is undefined. */
export type AvatarChoice = {
  readonly person: string;
  readonly loop: "short" | "long" | undefined;
  readonly resolution: Resolution | undefined;
  readonly voice: string | undefined;
  /** Folder of a photo or video that the caller brought for this one job. */
  readonly likeness?: string;
  /** False: a photographed person moves nothing but the mouth. */
  readonly lively?: boolean;
};

/**
 * Reads an avatar name: `auto`, a person (`talk`), a person's loop (`talk_short`), an id with its size
 * (`talk_short_720p`), or a path whose base name is one of these, as older clients send it.
 * @throws AppError `not_found` naming the avatars there are
 */
export function chooseAvatar(name: string, avatars: readonly AvatarInfo[]): AvatarChoice {
  const base = (name.normalize("NFC").split(/[/\\]/).at(-1) ?? "").replace(/\.pkl$/, "").replace(/_precomputed$/, "");
  const wanted = base === "" || base === "auto" ? defaultPerson(avatars) : base;
  const match = /^(.+?)(?:_(short|long))?(?:_(720p|480p|360p))?$/.exec(wanted);
  const [, person, loop, resolution] = match ?? [];
  const known = avatars.find((avatar) => avatar.person === person);
  if (!known) {
    const names = [...new Set(avatars.map((avatar) => `${avatar.person}_${avatar.loop}`))];
    throw new AppError("not_found", `There is no avatar "${base}". ${suggest(base, ["auto", ...names])}`);
  }
  return {
    person: known.person,
    loop: loop as AvatarChoice["loop"],
    resolution: resolution as Resolution | undefined,
    voice: known.voice,
  };
}

function defaultPerson(avatars: readonly AvatarInfo[]): string {
  return avatars.some(({ person }) => person === DEFAULT_PERSON) ? DEFAULT_PERSON : (avatars[0]?.person ?? "auto");
}
