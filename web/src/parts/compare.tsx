import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { useWords } from "../words/words.tsx";
import { Segments } from "./segments.tsx";
import { Waveform } from "./waveform.tsx";

/** A cover that was made. */
export type Take = { readonly number: number; readonly sound: AudioBuffer };

type CompareProps = { readonly original: AudioBuffer | undefined; readonly takes: readonly Take[] };

/** Plays the original and the takes at one and the same place, and changes between them while they play. */
export function Compare({ original, takes }: CompareProps) {
  const words = useWords();
  const id = useId();
  const tracks = useMemo(() => {
    const all = takes.map(({ number, sound }) => ({ value: `take-${number}`, label: words.cover.take(number), sound }));
    return original ? [{ value: "original", label: words.cover.original, sound: original }, ...all] : all;
  }, [original, takes, words]);
  const latest = tracks.at(-1);
  const [heard, setHeard] = useState(latest?.value ?? "original");
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const deck = useRef<Deck>(undefined);
  const current = tracks.find(({ value }) => value === heard) ?? latest;
  const duration = Math.max(0, ...tracks.map(({ sound }) => sound.duration));

  useEffect(() => {
    if (latest) setHeard(latest.value);
  }, [latest?.value]);
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
  useEffect(() => deck.current?.hear(heard), [heard, tracks]);

  const toggle = (): void => {
    if (playing) deck.current?.stop();
    else deck.current?.play(at >= duration - 0.05 ? 0 : at, heard);
    setPlaying(!playing);
  };
  if (!current) return null;
  return (
    <section class="stage compare" aria-label={words.cover.compare}>
      <h2>{words.cover.compare}</h2>
      <Segments label={words.cover.compare} value={current.value} options={tracks} onChange={setHeard} />
      <Waveform sound={current.sound} at={at} />
      <span class="row">
        <button type="button" class="quiet" onClick={toggle} aria-pressed={playing}>
          {playing ? "❚❚" : "▶"}
          <span class="unseen">{`${words.cover.compare}: ${current.label}`}</span>
        </button>
        <input
          id={id}
          class="grow"
          type="range"
          aria-label={words.cover.position}
          aria-valuetext={words.job.seconds(at)}
          min={0}
          max={duration}
          step={0.01}
          value={at}
          onInput={(event) => {
            const place = event.currentTarget.valueAsNumber;
            setAt(place);
            if (playing) deck.current?.play(place, heard);
          }}
        />
        <span class="clock">{words.job.seconds(at)}</span>
      </span>
    </section>
  );
}

type Track = { readonly value: string; readonly sound: AudioBuffer };

/** Tracks that run together, of which one is heard. */
class Deck {
  readonly #context = new AudioContext();
  readonly #tracks: readonly Track[];
  readonly #gains = new Map<string, GainNode>();
  readonly #onEnd: () => void;
  #sources: AudioBufferSourceNode[] = [];
  #began = 0;
  playing = false;

  constructor(tracks: readonly Track[], onEnd: () => void) {
    this.#tracks = tracks;
    this.#onEnd = onEnd;
    for (const { value } of tracks) {
      const gain = new GainNode(this.#context, { gain: 0 });
      gain.connect(this.#context.destination);
      this.#gains.set(value, gain);
    }
  }

  /** Seconds. */
  get position(): number {
    return this.#context.currentTime - this.#began;
  }

  play(from: number, heard: string): void {
    this.stop();
    void this.#context.resume();
    this.#began = this.#context.currentTime - from;
    this.playing = true;
    this.hear(heard);
    let left = this.#tracks.length;
    this.#sources = this.#tracks.map(({ value, sound }) => {
      const source = new AudioBufferSourceNode(this.#context, { buffer: sound });
      const gain = this.#gains.get(value);
      if (gain) source.connect(gain);
      source.addEventListener("ended", () => {
        if (--left > 0) return;
        this.playing = false;
        this.#onEnd();
      });
      source.start(0, Math.min(from, sound.duration));
      return source;
    });
  }

  stop(): void {
    const sources = this.#sources;
    this.#sources = [];
    this.playing = false;
    for (const source of sources) {
      // What is stopped by hand has not come to its end.
      source.disconnect();
      source.stop();
    }
  }

  /** Fades to a track, so that nothing clicks. */
  hear(value: string): void {
    const now = this.#context.currentTime;
    for (const [name, { gain }] of this.#gains) gain.setTargetAtTime(name === value ? 1 : 0, now, 0.01);
  }

  close(): void {
    this.stop();
    void this.#context.close();
  }
}
