import { AppError } from "../errors.ts";
import { safeName } from "../storage/file-name.ts";

/** Longest name, in code points. */
const LONGEST_NAME = 60;

/**
 * A name from the wire as an avatar's: NFC, without characters that file systems or URLs reserve, and none that would be
 * read as an avatar's loop or size.
 * @throws AppError `invalid_input`
 */
export function avatarName(wanted: string): string {
  const name = safeName(wanted.trim(), "");
  if (name === "" || name.startsWith(".")) {
    throw new AppError("invalid_input", "The avatar's name has no character that can be used. Give one with letters.");
  }
  const length = Array.from(name).length;
  if (length > LONGEST_NAME) {
    throw new AppError("invalid_input", `The avatar's name has ${length} characters; ${LONGEST_NAME} are allowed.`);
  }
  if (name === "auto" || /_(short|long|720p|480p|360p|precomputed)$|\.pkl$/.test(name)) {
    throw new AppError(
      "invalid_input",
      `An avatar cannot be called "${name}": \`auto\` and endings such as \`_short\` or \`_720p\` have a meaning of their own.`,
    );
  }
  return name;
}
