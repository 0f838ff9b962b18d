import { z } from "zod";
import { CHUNK_WORDS } from "../../pipelines/chunks/cut-chunks.ts";

const speechFields = { text: z.string(), language: z.enum(["ru", "kk", "en"]).default("ru") };

export const generateBody = z.object(speechFields);

export const chunksBody = z.object({
  ...speechFields,
  chunk_size: z.coerce.number().int().min(CHUNK_WORDS.min).max(CHUNK_WORDS.max).default(CHUNK_WORDS.default),
});
