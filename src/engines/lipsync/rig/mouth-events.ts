import type { SpeechPart } from "../../speech/speech-engine.ts";
import { loudnessOf } from "./loudness.ts";
import type { MouthTarget } from "./mouth-parameters.ts";
import { VISEMES, type Viseme } from "./viseme-table.ts";
import { isStressed, visemesOf } from "./visemes.ts";

/** What the mouth is to do from `start` to `end`, in seconds from the start of the part. */
export type MouthEvent = {
  readonly start: number;
  readonly end: number;
  readonly viseme: Viseme;
  readonly stressed: boolean;
};

/** Jaw of clear speech against the table's: quiet, professional speech opens less. */
const CALM = 0.9;
/** How far loudness may scale the jaw: quietest syllable, loudest syllable. */
const LOUDNESS_RANGE = [0.88, 1.06] as const;
const STRESS_GAIN = 1.08;
/** Silence shorter than this, in seconds, is a hesitation: the mouth stays a little open. */
const SHORT_PAUSE = 0.15;
/** Rest before and after the part, in seconds; longer than the widest kernel reaches. */
const MARGIN = 1;

const PAUSE: Viseme = {
  ...VISEMES.rest,
  target: { ...VISEMES.rest.target, jaw: 0.06, upper: 0.1, lower: 0.1, teethUpper: 0.3, smile: 0.45 },
};

function scaled(viseme: Viseme, gain: number): Viseme {
  const target: MouthTarget = { ...viseme.target, jaw: viseme.target.jaw * gain };
  return { ...viseme, target };
}

function push(events: MouthEvent[], event: MouthEvent): void {
  const last = events.at(-1);
  const bothRest = last?.viseme.name === "rest" && event.viseme.name === "rest";
  if (last && bothRest) events[events.length - 1] = { ...last, end: event.end };
  else events.push(event);
}

/** Marks short pauses between sounds; the rests at both ends of the part stay rests. */
function relaxShortPauses(events: MouthEvent[]): void {
  for (let i = 1; i < events.length - 1; i++) {
    const event = events[i] as MouthEvent;
    if (event.viseme.name === "rest" && event.end - event.start < SHORT_PAUSE) events[i] = { ...event, viseme: PAUSE };
  }
}

/**
 * The phonemes of a part as mouth events, contiguous, from one second before the part to one second after it, both
 * in rest. A symbol that the lips do not know lengthens its predecessor.
 */
export function mouthEvents(part: SpeechPart): readonly MouthEvent[] {
  const phonemes = part.phonemes ?? [];
  const duration = part.audio.samples.length / part.audio.sampleRate;
  const loudness = loudnessOf(part.audio);
  const events: MouthEvent[] = [{ start: -MARGIN, end: 0, viseme: VISEMES.rest, stressed: false }];
  for (const phoneme of phonemes) {
    const pieces = visemesOf(phoneme.ipa, part.language);
    const last = events.at(-1) as MouthEvent;
    if (pieces.length === 0) {
      events[events.length - 1] = { ...last, end: Math.max(last.end, phoneme.end) };
      continue;
    }
    const stressed = isStressed(phoneme.ipa);
    const [low, high] = LOUDNESS_RANGE;
    const level = low + (high - low) * loudness.between(phoneme.start, phoneme.end);
    const gain = CALM * level * (stressed ? STRESS_GAIN : 1);
    let start = phoneme.start;
    for (const piece of pieces) {
      const end = start + (phoneme.end - phoneme.start) * piece.share;
      push(events, { start, end, viseme: scaled(piece.viseme, gain), stressed });
      start = end;
    }
  }
  const end = Math.max(duration, (events.at(-1) as MouthEvent).end);
  push(events, { start: end, end: end + MARGIN, viseme: VISEMES.rest, stressed: false });
  relaxShortPauses(events);
  return events;
}
