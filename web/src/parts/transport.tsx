import { useWords } from "../words/words.tsx";
import type { DeckView } from "./use-deck.ts";

/** Plays and stops a deck, and moves in it. @param what is heard, for screen readers */
export function Transport({ deck, what }: { readonly deck: DeckView; readonly what: string }) {
  const words = useWords();
  return (
    <span class="row">
      <button type="button" class="quiet" onClick={deck.toggle} aria-pressed={deck.playing}>
        {deck.playing ? "❚❚" : "▶"}
        <span class="unseen">{what}</span>
      </button>
      <input
        class="grow"
        type="range"
        aria-label={words.cover.position}
        aria-valuetext={words.job.seconds(deck.at)}
        min={0}
        max={deck.duration}
        step={0.01}
        value={deck.at}
        onInput={(event) => deck.seek(event.currentTarget.valueAsNumber)}
      />
      <span class="clock">{words.job.seconds(deck.at)}</span>
    </span>
  );
}
