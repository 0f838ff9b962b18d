import { type Availability, type EngineInfo, lanesOf } from "../engines/engine.ts";
import type {
  GenerationParam,
  MeasuredVoice,
  SpeechEngine,
  SpeechPart,
  SpeechRequest,
  VoiceInfo,
} from "../engines/speech/speech-engine.ts";
import { detectLanguage } from "../engines/speech/espeak/language.ts";
import { AppError } from "../errors.ts";
import type { VoiceProfile } from "../library/voice-profile.ts";
import { bringToLevel } from "../signal/level.ts";
import { isEnough, letters, measureSpoken } from "./cloned-speech-sample.ts";
import { withSound } from "./part-sound.ts";
import type { LearningConverter } from "./reference-voice.ts";

/** Whose voice speech is adapted to. */
export type CloneTarget = {
  /** What callers know the voice by. */
  readonly name: string;
  readonly description: string;
  readonly profile: VoiceProfile;
};

/** What a clone is made with. */
export type CloneOptions = {
  readonly base: SpeechEngine;
  readonly converter: LearningConverter;
  readonly target: CloneTarget;
  readonly warn: (message: string) => void;
  /** What the voice says in all, where each request is a part of it: so that it is the same voice in every part. */
  readonly sample?: string;
};

/**
 * A speech engine with one voice, a speaker's of whom a recording is known: another engine speaks, in the voice of its
 * own that is nearest, and the sound is adapted. Words and phonemes keep their times.
 */
export class ClonedSpeech implements SpeechEngine {
  readonly info: EngineInfo;
  readonly defaultVoice: string;
  readonly honours: readonly GenerationParam[];
  readonly #options: CloneOptions;
  /** What was measured of the base voice, by language. */
  readonly #measured = new Map<string, Promise<VoiceProfile | undefined>>();

  constructor(options: CloneOptions) {
    this.#options = options;
    this.info = { ...options.base.info, lane: lanesOf(options.base, options.converter) };
    this.honours = options.base.honours ?? ["seed"];
    this.defaultVoice = options.target.name;
  }

  availability(): Promise<Availability> {
    return this.#options.base.availability();
  }

  async voices(): Promise<readonly VoiceInfo[]> {
    const { name, description, profile } = this.#options.target;
    return [{ name, description, gender: "neutral", measured: measuredOf(profile) }];
  }

  warmUp(): void {
    this.#options.base.warmUp?.();
  }

  /** The same voice, which is to say all of `text`, turn by turn. */
  saying(text: string): ClonedSpeech {
    return new ClonedSpeech({ ...this.#options, sample: text });
  }

  /** @throws AppError as both engines do; `invalid_input` for a voice other than its own */
  async *synthesize(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechPart, void> {
    const { base, converter, target, warn } = this.#options;
    if (request.voice !== target.name) {
      throw new AppError("invalid_input", `There is no voice "${request.voice}" here, only "${target.name}".`);
    }
    const voice = nearestVoice(target.profile, await base.voices()) ?? base.defaultVoice;
    // The shift is the converter's: what it adapts from is to be the voice as it was measured.
    const own = { ...request, voice, pitch: 0 };
    const sourceProfile = await this.#sourceOf(own, signal);
    const speech = base.synthesize(own, signal);
    const options = {
      pitch: request.pitch,
      pitchMapping: "range",
      warn,
      ...(sourceProfile ? { sourceProfile } : {}),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
    } as const;
    async function* adapt(blocks: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array, void> {
      const source = { sampleRate: request.sampleRate, blocks };
      yield* (await converter.convert(source, target.profile, options, signal)).blocks;
    }
    for await (const part of withSound(speech, adapt)) yield finished(part);
  }

  /** What is to be known of the base voice; undefined where the converter hears enough of it by itself. */
  async #sourceOf(request: SpeechRequest, signal: AbortSignal): Promise<VoiceProfile | undefined> {
    const { sample } = this.#options;
    const said = sample ?? request.text;
    // What cannot be spoken at all is the engine's to refuse.
    if (letters(said) === 0) return undefined;
    if (sample === undefined) return isEnough(said) ? undefined : measureSpoken(this.#options, request, said, signal);
    const language = request.language ?? detectLanguage(said);
    let measured = this.#measured.get(language);
    if (!measured) {
      measured = measureSpoken(this.#options, request, said, signal);
      this.#measured.set(language, measured);
      measured.catch(() => this.#measured.delete(language));
    }
    return measured;
  }
}

/** A voice in the two numbers that a base is chosen by. */
export function measuredOf({ f0, vocalTract }: VoiceProfile): MeasuredVoice {
  return { f0: f0.median, vocalTract };
}

/**
 * How unlike two voices are: octaves of pitch, and the same of the tract's length, whose ratio spans less among people
 * and costs more to bridge.
 */
export function voiceDistance(a: MeasuredVoice, b: MeasuredVoice): number {
  return Math.abs(Math.log2(a.f0 / b.f0)) + 3 * Math.abs(Math.log2(a.vocalTract / b.vocalTract));
}

/** Name of the voice that has the least way to a speaker's; undefined where none was measured. */
export function nearestVoice(profile: VoiceProfile, voices: readonly VoiceInfo[]): string | undefined {
  const wanted = measuredOf(profile);
  let best: { name: string; distance: number } | undefined;
  for (const { name, measured } of voices) {
    if (!measured) continue;
    const distance = voiceDistance(measured, wanted);
    if (!best || distance < best.distance) best = { name, distance };
  }
  return best?.name;
}

/** As loud as the engine's own speech, with its silences silent. */
function finished(part: SpeechPart): SpeechPart {
  const { samples, sampleRate } = part.audio;
  hush(samples, sampleRate, part);
  bringToLevel(samples, sampleRate);
  return part;
}

/** Seconds over which sound goes over into the silence around it. */
const HUSH_SECONDS = 0.03;

/** Fades out what an adaptation made of the silence before the first and after the last sound of a part. */
function hush(samples: Float32Array, sampleRate: number, { phonemes }: SpeechPart): void {
  const first = phonemes?.find(({ ipa }) => ipa !== "");
  const last = phonemes?.findLast(({ ipa }) => ipa !== "");
  if (!first || !last) return;
  const fade = Math.round(HUSH_SECONDS * sampleRate);
  const from = Math.round(first.start * sampleRate);
  for (let n = 0; n < Math.min(from, samples.length); n++) {
    samples[n] = (samples[n] as number) * raised((n - (from - fade)) / fade);
  }
  // A voice dies away for a while after its last phoneme.
  const to = Math.round(last.end * sampleRate) + fade;
  for (let n = Math.max(0, to); n < samples.length; n++) {
    samples[n] = (samples[n] as number) * raised((to + fade - n) / fade);
  }
}

function raised(x: number): number {
  return x <= 0 ? 0 : x >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * x);
}
