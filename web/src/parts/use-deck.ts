import { useEffect, useRef, useState } from "preact/hooks";
import { Deck, type Track } from "./deck.ts";

/** A deck on a screen: where it is, whether it plays, and its two controls. */
export type DeckView = {
  /** Seconds. */
  readonly at: number;
  readonly duration: number;
  readonly playing: boolean;
  readonly toggle: () => void;
  readonly seek: (seconds: number) => void;
};

/** Plays tracks together. @param levelOf the factor of each; heard at once when it changes */
export function useDeck(tracks: readonly Track[], levelOf: (value: string) => number): DeckView {
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const deck = useRef<Deck>(undefined);
  const duration = Math.max(0, ...tracks.map(({ sound }) => sound.duration));
  useEffect(() => {
    const made = new Deck(tracks, () => setPlaying(false));
    deck.current = made;
    const look = setInterval(() => made.playing && setAt(made.position), 60);
    return () => {
      clearInterval(look);
      made.close();
      setPlaying(false);
    };
  }, [tracks]);
  useEffect(() => deck.current?.level(levelOf), [levelOf, tracks]);
  return {
    at,
    duration,
    playing,
    toggle: () => {
      if (playing) deck.current?.stop();
      else deck.current?.play(at >= duration - 0.05 ? 0 : at);
      setPlaying(!playing);
    },
    seek: (seconds) => {
      setAt(seconds);
      if (playing) deck.current?.play(seconds);
    },
  };
}
