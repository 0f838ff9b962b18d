import { z } from "zod";
import { openStem } from "../pipelines/cover/stems.ts";
import { planPasses, STEM_NAMES } from "../pipelines/stems/passes.ts";
import { separateStems as separate } from "../pipelines/stems/separate-stems.ts";
import { outputFileName } from "../storage/file-name.ts";
import { defineOperation } from "./operation.ts";
import { separationModelsParam } from "./separation-params.ts";

const stemName = z.enum(STEM_NAMES);

export const separateStems = defineOperation({
  name: "separate_stems",
  summary: "A song in, its voices and its instruments out, each by itself.",
  description: [
    "`vocals` and `instrumental` together are the song; so are `lead` and `backing` the vocals. `lead_dry` is the lead voice",
    "without its reverb. Stems are stereo at 44.1 kHz, as long as the song to the sample, at the level that they have in it;",
    "WAV and FLAC have 24 bits. `drums`, `bass`, `guitar`, `piano` and `other` (what is none of those that the network knows)",
    "come from RoFormers of several stems, whose .yaml names them, and from MDX-Net's networks of one, by their JSON or name.",
    "BS-RoFormer and Mel-Band RoFormer checkpoints in the models folder do it best, and take the longest without a GPU; then",
    "MDX-Net's networks: UVR-MDX-NET-Voc_FT.onnx for voices and instruments,",
    "UVR_MDXNET_KARA_2.onnx for lead and backing, Reverb_HQ_By_FoxJoy.onnx for `lead_dry`. Without any of them the",
    "engine `center` works by signal processing alone: it finds the voice in the middle of the stereo picture, and what it",
    "makes is clearly below a network's, of which the answer warns. Of voices off the middle it finds little.",
  ].join("\n"),
  params: z.strictObject({
    audio: z.string().min(1).describe("The song: base64 (a data URL will do) or a public http(s) URL."),
    stems: z
      .array(stemName)
      .min(1)
      .max(STEM_NAMES.length)
      .default(["vocals", "instrumental"])
      .describe("Which ones; each is a file of the answer."),
    engine: z
      .string()
      .max(40)
      .default("auto")
      .describe("`roformer`, `mdx`, `center`; `auto` takes the best for each stem."),
    separation_models: separationModelsParam,
    denoise: z.boolean().default(true).describe("Takes out what MDX-Net's networks hear in silence: twice their work."),
    output_format: z.enum(["wav", "mp3", "flac"]).default("wav"),
    persist: z.boolean().default(false).describe("Keep the files for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    stems: z.array(
      z.strictObject({
        stem: stemName,
        audio_path: z.string().nullable(),
        audio_url: z.string().nullable(),
        duration: z.number().describe("Seconds."),
        engine: z.string().describe("Who made it."),
        model: z.string().describe("The network that it comes from; an engine without networks names itself."),
        persistent: z.boolean(),
      }),
    ),
    sample_rate: z.int().describe("Hz."),
    elapsed: z.number().describe("Seconds of work."),
    output_format: z.enum(["wav", "mp3", "flac"]),
  }),
  limits: ["`TALKBOX_MAX_AUDIO_SECONDS` of audio", "500 MB by URL, 200 MB as base64"],
  example: { audio: "https://example.com/song.mp3", stems: ["vocals", "instrumental"] },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const { output_format: format, denoise, persist } = params;
    const names = [...new Set(params.stems)];
    // Whoever lacks a network is told so before anything is downloaded.
    const passes = await planPasses(names, { engine: params.engine.trim(), models: params.separation_models }, context);
    const song = await context.clock.time("prepare", () => openStem(params.audio, "audio", context));
    const dir = await context.tempDir();
    const files = await separate({ song, stems: names, passes, denoise, format, samples: "s24", dir }, context);
    const stems = await context.clock.time("deliver", async () => {
      const delivered = [];
      for (const { stem, engine, model, path, mime, duration } of files) {
        const output = { kind: "audio", path, filename: outputFileName(stem, format), folder: "audio", mime } as const;
        const { key, url, persistent } = await context.deliver({ ...output, duration }, { persist });
        const place = { audio_path: url === undefined ? null : `results/${key}`, audio_url: url ?? null };
        delivered.push({ stem, ...place, duration, engine, model, persistent });
      }
      return delivered;
    });
    const elapsed = Math.round(performance.now() - began) / 1000;
    const rate = files[0]?.sampleRate ?? 0;
    return { success: true as const, stems, sample_rate: rate, elapsed, output_format: format };
  },
});
