import type { SpeechPart } from "../engines/speech/speech-engine.ts";

/** Speech that is made ahead of whoever reads it. */
export type SpeechAhead = {
  /** The parts, to be read once. Leaving early ends the speech. */
  readonly parts: AsyncGenerator<SpeechPart, void>;
  /** Lets go of the source; settles when it has stopped. Never fails. */
  close(): Promise<void>;
};

/**
 * Pulls parts from a source as fast as they come, whether or not anybody reads them, until there is more sound ahead of
 * the reader than may be held in memory.
 * @param seconds of sound that may wait to be read
 * @param onPart told of each part as soon as it is there
 * @param onEnd told when the speech has ended well
 */
export function speechAhead(
  source: AsyncIterable<SpeechPart>,
  { seconds, onPart, onEnd }: { seconds: number; onPart: (part: SpeechPart) => void; onEnd: () => void },
): SpeechAhead {
  const held: SpeechPart[] = [];
  const now: { state: "open" | "ended" | "closed"; heldSeconds: number } = { state: "open", heldSeconds: 0 };
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  const isOpen = (): boolean => now.state === "open";
  const isClosed = (): boolean => now.state === "closed";

  async function pump(): Promise<void> {
    try {
      for await (const part of source) {
        if (isClosed()) return;
        onPart(part);
        held.push(part);
        now.heldSeconds += secondsOf(part);
        change();
        while (now.heldSeconds > seconds && isOpen()) await changed.promise;
        if (isClosed()) return;
      }
      now.state = "ended";
      onEnd();
    } catch (error) {
      failure = { error };
    } finally {
      change();
    }
  }
  const pumped = pump();

  const close = async (): Promise<void> => {
    if (isOpen()) now.state = "closed";
    change();
    await pumped;
  };

  async function* parts(): AsyncGenerator<SpeechPart, void> {
    try {
      for (;;) {
        if (failure) throw failure.error;
        const part = held.shift();
        if (part) {
          now.heldSeconds -= secondsOf(part);
          change();
          yield part;
        } else if (now.state === "ended") return;
        else await changed.promise;
      }
    } finally {
      await close();
    }
  }
  return { parts: parts(), close };
}

function secondsOf({ audio }: SpeechPart): number {
  return audio.samples.length / audio.sampleRate;
}
