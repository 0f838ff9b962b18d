import { z } from "zod";
import { MAX_SEED } from "../../limits.ts";

/** How speech is generated, as document 003 bounds it. Only what is given is passed on. */
const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).optional(),
  max_new_tokens: z.int().min(1).max(8192).optional(),
  seed: z.int().min(0).max(MAX_SEED).optional(),
  scene_prompt: z.string().max(2000).optional(),
};

const text = z.string();

export const generateFields = z.object({ text, ...sampling });

export const cloneFields = z.object({
  text,
  reference_voice: z.string().max(200).optional(),
  reference_audio: z.string().optional(),
  ...sampling,
});

export const dialogueFields = z.object({
  text,
  reference_voices: z.array(z.string().max(200).nullable()).max(100).optional(),
  ...sampling,
});
