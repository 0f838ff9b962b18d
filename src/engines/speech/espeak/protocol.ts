/**
 * What passes between the engine and the process that holds espeak-ng, over the process's IPC channel with
 * `serialization: "advanced"` (typed arrays travel as bytes). One request at a time:
 *
 *     child  → parent   { type: "ready" }                        once, as soon as the synthesiser stands
 *     parent → child    SpeakCommand                             one sentence
 *     child  → parent   SpokenReply | FailedReply                the same `id`
 *
 * There is no cancel message: a sentence is short, so the parent forgets the answer instead, and kills a process that
 * owes one for too long. The child ends when its channel closes.
 */

/** Hz of everything espeak-ng makes. */
export const ESPEAK_SAMPLE_RATE = 22_050;

/** A variant of our own: how a throat differs from that of espeak-ng's voices. */
export type Variant = {
  /** Name without the plus sign. */
  readonly name: string;
  /** Lines of espeak-ng's voice file format. */
  readonly lines: readonly string[];
};

/** One sentence to say. Every setting is sent every time, because espeak-ng keeps them between calls. */
export type SpeakCommand = {
  readonly id: number;
  /** espeak-ng voice, with its variant (`ko+f2`). */
  readonly voice: string;
  /** Variant that `voice` or the markup names and espeak-ng does not have, if any. */
  readonly variant: Variant | undefined;
  /** SSML without a root element. */
  readonly ssml: string;
  /** Words per minute, 80…450. */
  readonly wordsPerMinute: number;
  /** 0…99; 50 is the voice's own, and 50 steps are an octave. */
  readonly pitch: number;
  /** Intonation, 0…99; 50 is the voice's own. */
  readonly range: number;
  /** False where only the events are wanted. */
  readonly samples: boolean;
};

/** Something that espeak-ng did. */
export type EspeakEvent = {
  readonly type: "sentence" | "word" | "phoneme" | "mark" | "end";
  /** Milliseconds from the start of the sound. */
  readonly at: number;
  /** Code point of the SSML, from 0; for `word` only. */
  readonly position: number;
  /** IPA of a phoneme, name of a mark, else empty. */
  readonly id: string;
};

/** A sentence as espeak-ng said it. */
export type SpokenReply = {
  readonly type: "spoken";
  readonly id: number;
  /** At `ESPEAK_SAMPLE_RATE`; empty if none were asked for. */
  readonly samples: Int16Array;
  /** Milliseconds of sound. */
  readonly milliseconds: number;
  readonly events: readonly EspeakEvent[];
};

/** A sentence that could not be said. */
export type FailedReply = {
  readonly type: "failed";
  readonly id: number;
  readonly reason: "unknown_voice" | "synthesis";
  readonly message: string;
};

/** Whatever the child sends. */
export type ChildMessage = { readonly type: "ready" } | SpokenReply | FailedReply;
