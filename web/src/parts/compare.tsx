import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { useWords } from "../words/words.tsx";
import { Segments } from "./segments.tsx";
import { Transport } from "./transport.tsx";
import { useDeck } from "./use-deck.ts";
import { Waveform } from "./waveform.tsx";

/** A cover that was made. */
export type Take = { readonly number: number; readonly sound: AudioBuffer };

type CompareProps = { readonly original: AudioBuffer | undefined; readonly takes: readonly Take[] };

/** Plays the original and the takes at one and the same place, and changes between them while they play. */
export function Compare({ original, takes }: CompareProps) {
  const words = useWords();
  const tracks = useMemo(() => {
    const all = takes.map(({ number, sound }) => ({ value: `take-${number}`, label: words.cover.take(number), sound }));
    return original ? [{ value: "original", label: words.cover.original, sound: original }, ...all] : all;
  }, [original, takes, words]);
  const latest = tracks.at(-1);
  const [heard, setHeard] = useState(latest?.value ?? "original");
  const current = tracks.find(({ value }) => value === heard) ?? latest;
  const audible = current?.value;
  const deck = useDeck(
    tracks,
    useCallback((value: string) => (value === audible ? 1 : 0), [audible]),
  );
  useEffect(() => {
    if (latest) setHeard(latest.value);
  }, [latest?.value]);
  if (!current) return null;
  return (
    <section class="stage compare" aria-label={words.cover.compare}>
      <h2>{words.cover.compare}</h2>
      <Segments label={words.cover.compare} value={current.value} options={tracks} onChange={setHeard} />
      <Waveform sound={current.sound} at={deck.at} />
      <Transport deck={deck} what={`${words.cover.compare}: ${current.label}`} />
    </section>
  );
}
