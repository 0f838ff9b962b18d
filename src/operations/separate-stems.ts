import { z } from "zod";
import { openStem } from "../pipelines/cover/stems.ts";
import { separateStems as separate, STEM_NAMES } from "../pipelines/stems/separate-stems.ts";
import { outputFileName } from "../storage/file-name.ts";
import { defineOperation } from "./operation.ts";

const stemName = z.enum(STEM_NAMES);

export const separateStems = defineOperation({
  name: "separate_stems",
  summary: "A song in, its voices and its instruments out, each by itself.",
  description: [
    "`vocals` and `instrumental` together are the song; so are `lead` and `backing` the vocals. `lead_dry` is the lead voice",
    "without its reverb. Stems are stereo at 44.1 kHz, as long as the song to the sample, at the level that they have in it;",
    "WAV and FLAC have 24 bits. This needs MDX-Net networks in the models folder: UVR-MDX-NET-Voc_FT.onnx for voices and",
    "instruments, UVR_MDXNET_KARA_2.onnx for lead and backing, Reverb_HQ_By_FoxJoy.onnx for `lead_dry`. Without them the",
    "answer is `engine_unavailable`, with the file that is missing.",
  ].join("\n"),
  params: z.strictObject({
    audio: z.string().min(1).describe("The song: base64 (a data URL will do) or a public http(s) URL."),
    stems: z
      .array(stemName)
      .min(1)
      .max(STEM_NAMES.length)
      .default(["vocals", "instrumental"])
      .describe("Which ones; each is a file of the answer."),
    denoise: z.boolean().default(true).describe("Takes out what networks hear in silence: twice the work."),
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
        model: z.string().describe("The network that it comes from."),
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
    // Whoever has no network is told so before anything is downloaded.
    const { sampleRate } = await context.engines.choose("stems", "auto");
    const song = await context.clock.time("prepare", () => openStem(params.audio, "audio", context));
    const files = await separate({ song, stems: [...new Set(params.stems)], denoise, format }, context);
    const stems = await context.clock.time("deliver", async () => {
      const delivered = [];
      for (const { stem, model, path, mime, duration } of files) {
        const output = { kind: "audio", path, filename: outputFileName(stem, format), folder: "audio", mime } as const;
        const { key, url, persistent } = await context.deliver({ ...output, duration }, { persist });
        const place = { audio_path: url === undefined ? null : `results/${key}`, audio_url: url ?? null };
        delivered.push({ stem, ...place, duration, model, persistent });
      }
      return delivered;
    });
    const elapsed = Math.round(performance.now() - began) / 1000;
    return { success: true as const, stems, sample_rate: sampleRate, elapsed, output_format: format };
  },
});
