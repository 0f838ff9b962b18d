import type { VoiceInfo } from "../engines/speech/speech-engine.ts";
import { voiceDistance } from "./cloned-speech.ts";

/** Unlikenesses that are asked for, one after the other until a voice has it; more than asked for is no better. */
const UNLIKE_ENOUGH = [1.3, 0.75, 0.5, 0.25, 0] as const;
/** What another sex adds to the distance. */
const OTHER_SEX = 0.5;

/**
 * Chooses a voice for each of `count` roles: unlike those that are taken and each other, by sex, pitch and size, women
 * and men in turn. The same choice every time; when there are fewer voices than roles some speak twice.
 * @param taken voices that others in the dialogue have
 * @param voices to choose from, the one for who speaks alone first
 */
export function castVoices(count: number, taken: readonly VoiceInfo[], voices: readonly VoiceInfo[]): VoiceInfo[] {
  const cast: VoiceInfo[] = [];
  while (cast.length < count && voices.length > 0) {
    const others = [...taken, ...cast];
    const free = voices.filter(({ name }) => others.every((other) => other.name !== name));
    const next = others.length === 0 ? voices[0] : nextVoice(others, free.length > 0 ? free : voices);
    if (next) cast.push(next);
  }
  return cast;
}

/** Of the voices that are unlike enough: first the other sex than the last one's, then the one that is least far off. */
function nextVoice(others: readonly VoiceInfo[], voices: readonly VoiceInfo[]): VoiceInfo | undefined {
  const last = others.at(-1)?.gender;
  const candidates = voices.map((voice) => ({
    voice,
    apart: Math.min(...others.map((other) => unlikeness(voice, other))),
    rank: voice.gender === last ? 1 : 0,
  }));
  for (const enough of UNLIKE_ENOUGH) {
    const fit = candidates.filter(({ apart }) => apart >= enough);
    if (fit.length > 0) return fit.toSorted((a, b) => a.rank - b.rank || a.apart - b.apart)[0]?.voice;
  }
  return undefined;
}

function unlikeness(a: VoiceInfo, b: VoiceInfo): number {
  const sex = a.gender === b.gender ? 0 : OTHER_SEX;
  return sex + (a.measured && b.measured ? voiceDistance(a.measured, b.measured) : 0);
}
