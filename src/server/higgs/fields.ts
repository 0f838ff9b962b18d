import { z } from "zod";
import { MAX_SEED } from "../../limits/inputs.ts";

/** How speech is generated, as document 003 bounds it. Only what is given is passed on. */
const sampling = {
  temperature: z.number().min(0).max(2).optional().meta({ default: 0.7 }),
  top_p: z.number().min(0).max(1).optional().meta({ default: 0.95 }),
  top_k: z.int().min(0).optional().meta({ default: 50 }),
  max_new_tokens: z.int().min(1).max(8192).optional().meta({ default: 1024 }),
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

/** The form of `/upload-voice`. Its file is read as it comes. */
export const uploadFields = z.object({
  file: z.string().meta({ format: "binary" }).describe("A recording: WAV, MP3 or FLAC."),
  name: z.string().optional().describe("Default the file's own, without its folder and extension."),
  description: z.string().optional(),
  overwrite: z.string().optional().describe("`true`, `1`, `yes` or `on` where a voice of that name may be replaced."),
});
