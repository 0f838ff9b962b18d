import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  ASPECTS,
  type Background,
  type LipsyncEngine,
  type LipsyncOptions,
} from "../engines/lipsync/lipsync-engine.ts";
import { AppError } from "../errors.ts";
import { uprightPicture } from "../media/picture.ts";
import { fetchInput } from "../pipelines/fetch-input.ts";
import { faceOptions, faceParams } from "./face-params.ts";
import type { OperationContext } from "./operation.ts";

/** Params that say what is around the person, in what shape, and how the face is put in. */
export const pictureParams = {
  aspect: z
    .enum(ASPECTS)
    .default("16:9")
    .describe("Shape of the picture; the resolution is that of its shorter side. Embedded avatars only."),
  background: z
    .string()
    .min(1)
    .optional()
    .describe("What is behind a drawn avatar: a colour (`#1b3a5c`), or a picture as base64 or a URL."),
  ...faceParams,
};

/**
 * What an engine is told of the picture's surroundings, and of the face in it.
 * @throws AppError `invalid_input` for an engine that shows people its own way alone, or no colour and no picture
 */
export async function surroundings(
  params: { readonly aspect: LipsyncOptions["aspect"]; readonly background?: string | undefined } & Parameters<
    typeof faceOptions
  >[0],
  engine: LipsyncEngine,
  context: OperationContext,
): Promise<Pick<LipsyncOptions, "aspect" | "background" | "face">> {
  const { aspect, background } = params;
  const asked = [...(aspect === "16:9" ? [] : ["aspect"]), ...(background === undefined ? [] : ["background"])];
  if (asked.length > 0 && engine.composes !== true) {
    const message = `The lip-sync engine "${engine.info.id}" shows people at 16:9 before their own background. Leave ${asked.join(" and ")} out, or ask for the engine "rig".`;
    const violations = asked.map((name) => ({ path: `params.${name}`, message: "Not with this engine." }));
    throw new AppError("invalid_input", message, { violations });
  }
  return {
    aspect,
    background: background === undefined ? undefined : await readBackground(background, context),
    face: faceOptions(params, engine, context),
  };
}

async function readBackground(given: string, context: OperationContext): Promise<Background> {
  if (/^#[0-9a-f]{6}$/i.test(given)) return { colour: given.toLowerCase() };
  if (given.startsWith("#")) {
    throw new AppError("invalid_input", "A colour is written as #rrggbb, such as #1b3a5c.", {
      violations: [{ path: "params.background", message: "Must be #rrggbb, or a picture as base64 or a URL." }],
    });
  }
  const dir = await context.tempDir();
  const [source, picture] = [join(dir, "background-source"), join(dir, "background.png")];
  await fetchInput(given, source, { kind: "picture" }, context);
  await uprightPicture(source, picture);
  await rm(source, { force: true });
  return { picture };
}
