import { readFile } from "node:fs/promises";
import type { Services } from "../../../handler/services.ts";
import { type AudioFormat, encodeAudio } from "../../media/encode-audio.ts";
import { parseWav } from "../../media/parse-wav.ts";
import { TempDir } from "../../media/temp.ts";
import { packer } from "../../media/wav.ts";
import type { MonoAudio } from "../../signal/audio.ts";
import { TimeStretch } from "../../signal/pitch-shift/time-stretch.ts";

/** The forms of OpenAI's API: what each is made as, and its content type. `pcm` is 16-bit samples without a header. */
export const RESPONSE_FORMATS = {
  mp3: { format: "mp3", type: "audio/mpeg" },
  opus: { format: "ogg", type: "audio/ogg" },
  aac: { format: "aac", type: "audio/aac" },
  flac: { format: "flac", type: "audio/flac" },
  wav: { format: "wav", type: "audio/wav" },
  pcm: { format: "pcm", type: "audio/pcm" },
} as const satisfies Record<string, { readonly format: AudioFormat | "pcm"; readonly type: string }>;

export type ResponseFormat = keyof typeof RESPONSE_FORMATS;

/**
 * Speech in the form that was asked for.
 * @param wav one channel
 * @param stretch length of the answer against the speech's, ¼…4
 */
export async function encodeAnswer(
  wav: Buffer,
  name: ResponseFormat,
  stretch: number,
  { binaries, tempRoot }: Pick<Services, "binaries" | "tempRoot">,
  signal: AbortSignal,
): Promise<Buffer> {
  const { format } = RESPONSE_FORMATS[name];
  if (format === "wav" && stretch === 1) return wav;
  const audio = stretched(monoOf(wav), stretch);
  if (format === "pcm") return Buffer.from(packer("s16")(audio.samples));
  await using folder = await TempDir.create(tempRoot);
  const path = folder.file(`speech.${format}`);
  await encodeAudio({ sampleRate: audio.sampleRate, channels: [audio.samples] }, { path, format, binaries, signal });
  return await readFile(path);
}

function monoOf(wav: Buffer): MonoAudio {
  const { sampleRate, channels } = parseWav(wav);
  return { sampleRate, samples: channels[0] ?? new Float32Array(0) };
}

function stretched({ sampleRate, samples }: MonoAudio, stretch: number): MonoAudio {
  if (stretch === 1) return { sampleRate, samples };
  const process = new TimeStretch(sampleRate, 1, stretch);
  const [first = new Float32Array(0)] = process.push([samples]);
  const [last = new Float32Array(0)] = process.finish();
  const whole = new Float32Array(first.length + last.length);
  whole.set(first);
  whole.set(last, first.length);
  return { sampleRate, samples: whole };
}
