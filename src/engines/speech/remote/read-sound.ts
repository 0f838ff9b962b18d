import { toAppError } from "../../../errors.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { decodeMono } from "../../../media/decode-audio.ts";
import { parseWav } from "../../../media/parse-wav.ts";
import { readAll, type ServiceAnswer } from "../../../net/service-client.ts";
import { ServiceFault, type ServiceSound } from "./speech-service.ts";

/** Forms of sound that a service may be set up to answer; `auto` goes by the answer itself. */
export const SOUND_FORMS = ["auto", "wav", "mp3", "pcm"] as const;

export type SoundForm = (typeof SOUND_FORMS)[number];

export type SoundExpectation = {
  /** The service's name, for errors. */
  readonly name: string;
  readonly form: SoundForm;
  /** Hz of raw samples, which do not say it themselves. */
  readonly pcmRate: number;
  /** Hz that compressed sound is decoded at. */
  readonly decodedRate: number;
  readonly binaries: () => Promise<Binaries>;
};

/** Shorter sound is no sentence, in seconds. */
const SHORTEST = 0.03;
/** Peak under which sound is silence, full scale being 1: −72 dBFS. */
const SILENT_PEAK = 0.00025;
const RAW_TYPES = /^(?:audio\/(?:pcm|l16|x-l16|raw|x-raw)|application\/octet-stream|binary\/octet-stream)?$/;

/** Reads an answer of sound. @throws ServiceFault `engine_failed`; as its body does */
export async function readSound(
  answer: ServiceAnswer,
  expected: SoundExpectation,
  signal: AbortSignal,
): Promise<ServiceSound> {
  const bytes = await readAll(answer.body);
  return soundOf(bytes, answer.header("content-type") ?? "", expected, signal);
}

/**
 * Sound from its bytes: WAV is known by its first bytes, compressed sound by them or its type, and raw 16-bit samples by
 * being expected or announced. Whatever calls itself text is refused, as its bytes would be noise.
 */
export async function soundOf(
  bytes: Buffer,
  contentType: string,
  expected: SoundExpectation,
  signal: AbortSignal,
): Promise<ServiceSound> {
  const { name, form } = expected;
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (/^text\/|json|xml|html/.test(type)) {
    throw new ServiceFault("engine_failed", `${name} answered ${type.slice(0, 60)} where sound was expected.`);
  }
  if (bytes.length === 0) throw new ServiceFault("engine_failed", `${name} answered no sound.`, { again: true });
  const container = containerOf(bytes);
  const isRaw = RAW_TYPES.test(type);
  let sound: ServiceSound;
  if (container === "wav") sound = wavSound(bytes, name);
  else if (form === "pcm" ? !isRaw : container === "compressed" || !isRaw || form !== "auto") {
    sound = await decoded(bytes, expected, signal);
  } else if (form === "pcm" || type.startsWith("audio/")) sound = rawSound(bytes, contentType, expected);
  else {
    throw new ServiceFault(
      "engine_failed",
      `${name} answered sound of an unknown form. Set its form (wav, mp3 or pcm) in the configuration.`,
    );
  }
  checkSound(sound, name);
  return sound;
}

function containerOf(bytes: Buffer): "wav" | "compressed" | "unknown" {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("RIFF") && head.endsWith("WAVE")) return "wav";
  const isMatroska = bytes.length > 4 && bytes.readUInt32BE(0) === 0x1a45dfa3;
  if (isMatroska || /^(?:ID3|OggS|fLaC|....ftyp)/s.test(head)) return "compressed";
  const sync = bytes.length > 2 && bytes[0] === 0xff && ((bytes[1] as number) & 0xe0) === 0xe0;
  return sync ? "compressed" : "unknown";
}

function wavSound(bytes: Buffer, name: string): ServiceSound {
  try {
    const { sampleRate, channels } = parseWav(bytes);
    const [first = new Float32Array(0), ...others] = channels;
    for (let n = 0; n < first.length && others.length > 0; n++) {
      let sum = first[n] as number;
      for (const channel of others) sum += channel[n] as number;
      first[n] = sum / channels.length;
    }
    return { sampleRate, samples: first };
  } catch (error) {
    throw new ServiceFault("engine_failed", `${name} answered a WAV file that cannot be read.`, {
      cause: toAppError(error),
    });
  }
}

/** 16-bit little-endian samples of one channel; half a sample at the end is dropped. */
function rawSound(bytes: Buffer, contentType: string, { pcmRate }: SoundExpectation): ServiceSound {
  const announced = Number(/;\s*rate=(\d{4,6})/i.exec(contentType)?.[1] ?? 0);
  const samples = new Float32Array(bytes.length >> 1);
  for (let n = 0; n < samples.length; n++) samples[n] = bytes.readInt16LE(2 * n) / 32_768;
  return { sampleRate: announced >= 8_000 ? announced : pcmRate, samples };
}

async function decoded(
  bytes: Buffer,
  { name, decodedRate, binaries }: SoundExpectation,
  signal: AbortSignal,
): Promise<ServiceSound> {
  try {
    const options = { binaries: await binaries(), sampleRate: decodedRate, resampling: "fine", signal } as const;
    return await decodeMono(bytes, options);
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code !== "invalid_audio" && failure.code !== "input_too_large") throw failure;
    throw new ServiceFault("engine_failed", `${name} answered sound that cannot be decoded.`, { cause: failure });
  }
}

function checkSound({ samples, sampleRate }: ServiceSound, name: string): void {
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  if (samples.length < SHORTEST * sampleRate || peak < SILENT_PEAK) {
    const what = samples.length < SHORTEST * sampleRate ? "hardly any sound" : "silence";
    throw new ServiceFault("engine_failed", `${name} answered ${what} for a sentence.`, { again: true });
  }
}
