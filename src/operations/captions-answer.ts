import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type CaptionWord, cuesOf, subRip, webVtt } from "../pipelines/captions.ts";
import type { OperationContext } from "./operation.ts";

/** The param that leaves captions out. */
export const captionsParam = z
  .boolean()
  .default(true)
  .describe("Adds captions as WebVTT and SubRip files, where it is known when which word is heard.");

/** The param that draws captions into the pictures. */
export const burnCaptionsParam = z.boolean().default(false).describe("Draws the captions into the picture.");

/** Where the captions are. Null where they are in `artifacts` alone, or there are none. */
export const captionsAnswer = z.strictObject({
  vtt_url: z.string().nullable(),
  srt_url: z.string().nullable(),
  cues: z.int().min(0).describe("How many there are."),
});

/** The file name of captions beside another file. */
type Beside = { readonly filename: string; readonly folder: string; readonly keyName?: string };

/** Writes the captions of a sound as files and delivers them beside its own. */
export async function deliverCaptions(
  words: readonly CaptionWord[],
  beside: Beside,
  context: OperationContext,
  options: { readonly persist?: boolean; readonly ttlSeconds?: number } = {},
): Promise<z.infer<typeof captionsAnswer>> {
  const cues = cuesOf(words);
  if (cues.length === 0) return { vtt_url: null, srt_url: null, cues: 0 };
  const dir = await context.tempDir();
  const send = async (extension: "vtt" | "srt", text: string): Promise<string | null> => {
    const named = (name: string): string => name.replace(/\.[^.]+$/, "") + `.${extension}`;
    const { filename, folder, keyName } = beside;
    const path = join(dir, named(`captions-${keyName ?? filename}`));
    await writeFile(path, text);
    const file = await context.deliver(
      {
        kind: "subtitles",
        path,
        filename: named(filename),
        ...(keyName === undefined ? {} : { keyName: named(keyName) }),
        folder,
        mime: extension === "vtt" ? "text/vtt" : "application/x-subrip",
      },
      options,
    );
    return file.url ?? null;
  };
  return { vtt_url: await send("vtt", webVtt(cues)), srt_url: await send("srt", subRip(cues)), cues: cues.length };
}

/** Said where words are wanted and nobody knows them. */
export const NO_WORDS =
  "There are no captions: it is not known which words are heard when. They come with speech that is made from text.";
