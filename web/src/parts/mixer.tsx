import { useCallback, useId, useState } from "preact/hooks";
import { useWords } from "../words/words.tsx";
import type { Track } from "./deck.ts";
import { Transport } from "./transport.tsx";
import { useDeck } from "./use-deck.ts";
import { Waveform } from "./waveform.tsx";

/** A track of a mix, and its fader. */
export type MixerTrack = Track & {
  readonly label: string;
  /** dB without its fader, as the server has it. */
  readonly level: number;
  /** dB of its fader. */
  readonly gain: number;
};

type MixerProps = {
  readonly tracks: readonly MixerTrack[];
  /** The same list as long as the sounds are the same. */
  readonly sounds: readonly Track[];
  readonly onGain: (value: string, gain: number) => void;
  /** What to do with the mix, if anything. */
  readonly action?: { readonly label: string; readonly busy: boolean; readonly run: () => void } | undefined;
};

/** dB that a fader can go either way, as the server takes it. */
const FADER = 20;

/** Mixes tracks while they play: a fader for each, mute and solo. */
export function Mixer({ tracks, sounds, onGain, action }: MixerProps) {
  const words = useWords();
  const id = useId();
  const [muted, setMuted] = useState<ReadonlySet<string>>(new Set());
  const [solo, setSolo] = useState<ReadonlySet<string>>(new Set());
  const heard = (value: string): boolean => (solo.size > 0 ? solo.has(value) : !muted.has(value));
  const levels = tracks.map(({ value, level, gain }) => (heard(value) ? 10 ** ((level + gain) / 20) : 0)).join(" ");
  const order = tracks.map(({ value }) => value).join(" ");
  const longest = Math.max(...sounds.map(({ sound }) => sound.duration));
  const deck = useDeck(
    sounds,
    useCallback((value: string) => Number(levels.split(" ")[order.split(" ").indexOf(value)] ?? 0), [levels, order]),
  );
  return (
    <section class="stage mixer" aria-label={words.cover.mixer}>
      <h2>{words.cover.mixer}</h2>
      <ul class="plain tracks">
        {tracks.map(({ value, label, sound, gain }) => (
          <li key={value} class={`track${heard(value) ? "" : " silent"}`} data-track={value}>
            <span class="track-head">
              <strong id={`${id}-${value}`}>{label}</strong>
              <span class="toggles">
                <Toggle
                  letter="M"
                  name={`${words.cover.mute}: ${label}`}
                  on={muted.has(value)}
                  onChange={() => setMuted(turned(muted, value))}
                />
                <Toggle
                  letter="S"
                  name={`${words.cover.solo}: ${label}`}
                  on={solo.has(value)}
                  onChange={() => setSolo(turned(solo, value))}
                />
              </span>
            </span>
            <Waveform sound={sound} at={deck.at} seconds={longest} />
            <span class="row fader">
              <input
                class="grow"
                type="range"
                aria-label={`${words.cover.level}: ${label}`}
                aria-valuetext={words.cover.decibels(gain)}
                min={-FADER}
                max={FADER}
                step={0.5}
                value={gain}
                onInput={(event) => onGain(value, event.currentTarget.valueAsNumber)}
                onDblClick={() => onGain(value, 0)}
              />
              <output>{words.cover.decibels(gain)}</output>
            </span>
          </li>
        ))}
      </ul>
      <Transport deck={deck} what={words.cover.mixer} />
      {action && (
        <span class="row">
          <button type="button" class="quiet" aria-disabled={action.busy} onClick={() => !action.busy && action.run()}>
            {action.label}
          </button>
        </span>
      )}
    </section>
  );
}

type ToggleProps = {
  readonly letter: string;
  readonly name: string;
  readonly on: boolean;
  readonly onChange: () => void;
};

function Toggle({ letter, name, on, onChange }: ToggleProps) {
  return (
    <button type="button" class="letter" aria-pressed={on} aria-label={name} title={name} onClick={onChange}>
      {letter}
    </button>
  );
}

function turned(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}
