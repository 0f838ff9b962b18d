import { join } from "node:path";
import { tmpdir } from "node:os";
import { mkdtemp, rm } from "node:fs/promises";
import { after } from "node:test";
import { createServices, type Services } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import type { EngineSource } from "../../src/engines/catalog.ts";
import type { ConversionOptions, VoiceConverter } from "../../src/engines/voice/voice-converter.ts";
import { silentLog } from "../../src/log.ts";
import { encodeWav, type WavOptions } from "../../src/media/wav.ts";

const root = join(import.meta.dirname, "../..");

/**
 * A converter that leaves the sound as it is, so that what the pipeline does to a track can be measured exactly.
 * @param asked takes what it was asked for
 */
export function passThrough(
  asked: ConversionOptions[] = [],
  options: { readonly sampleRate?: number } = {},
): EngineSource {
  const converter: VoiceConverter = {
    info: {
      id: "as-it-is",
      kind: "voice",
      description: "",
      embedded: true,
      license: "Apache-2.0",
      languages: ["*"],
    },
    availability: async () => ({ available: true }),
    voices: async () => [{ name: "same", description: "", gender: "neutral" }],
    async convert(source, _target, how) {
      asked.push(how);
      return { sampleRate: options.sampleRate ?? source.sampleRate, blocks: source.blocks };
    },
  };
  return { id: "as-it-is", kind: "voice", load: async () => converter };
}

/** Services in a folder of their own that goes when the tests end. */
export async function testServices(
  engines?: readonly EngineSource[],
  environment: Record<string, string> = {},
): Promise<{ services: Services; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "talkbox-cover-"));
  const settings = { TALKBOX_DATA: join(folder, "data"), PATH: process.env["PATH"], ...environment };
  const services = createServices(readConfig(settings, root), silentLog(), {
    tempRoot: join(folder, "temp"),
    ...(engines ? { engines } : {}),
  });
  after(async () => {
    await services[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  return { services, folder };
}

/** A sound by its value at each second, at `sampleRate`. */
export function sampled(sampleRate: number, seconds: number, value: (t: number, n: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, n) => value(n / sampleRate, n));
}

/** A tone of an amplitude. */
export function tone(sampleRate: number, seconds: number, hz: number, amplitude: number): Float32Array {
  return sampled(sampleRate, seconds, (t) => amplitude * Math.sin(2 * Math.PI * hz * t));
}

/** A WAV file as base64. */
export function wav(
  sampleRate: number,
  channels: readonly Float32Array[],
  options: WavOptions = { samples: "f32" },
): string {
  return Buffer.from(encodeWav({ sampleRate, channels }, options)).toString("base64");
}

/** Amplitude of a tone within a sound, by the middle of it. */
export function amplitudeOf(samples: Float32Array, sampleRate: number, hz: number): number {
  const from = Math.floor(samples.length * 0.2);
  const to = Math.floor(samples.length * 0.8);
  let re = 0;
  let im = 0;
  let weight = 0;
  for (let n = from; n < to; n++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (n - from)) / (to - from));
    const angle = (2 * Math.PI * hz * n) / sampleRate;
    re += window * (samples[n] as number) * Math.cos(angle);
    im += window * (samples[n] as number) * Math.sin(angle);
    weight += window;
  }
  return (2 * Math.hypot(re, im)) / weight;
}

/** RMS of what is left of a sound when tones, of whatever phase, are taken out of it. */
export function restOf(samples: Float32Array, sampleRate: number, tones: readonly number[]): number {
  const rest = samples.slice();
  // The tones are nearly orthogonal: a few rounds separate them.
  for (let round = 0; round < 6; round++) {
    for (const hz of tones) {
      const step = (2 * Math.PI * hz) / sampleRate;
      let re = 0;
      let im = 0;
      for (let n = 0; n < rest.length; n++) {
        re += rest[n]! * Math.cos(step * n);
        im += rest[n]! * Math.sin(step * n);
      }
      for (let n = 0; n < rest.length; n++) {
        rest[n] = rest[n]! - (2 / rest.length) * (re * Math.cos(step * n) + im * Math.sin(step * n));
      }
    }
  }
  return Math.sqrt(rest.reduce((sum, x) => sum + x * x, 0) / rest.length);
}

/** The level in dB of an amplitude. */
export function db(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}
