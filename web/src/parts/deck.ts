/** A sound that runs beside others. */
export type Track = { readonly value: string; readonly sound: AudioBuffer };

/** Sounds that run together from one place on, each at a level of its own. */
export class Deck {
  readonly #context = new AudioContext();
  readonly #tracks: readonly Track[];
  readonly #gains = new Map<string, GainNode>();
  readonly #onEnd: () => void;
  #sources: AudioBufferSourceNode[] = [];
  #began = 0;
  playing = false;

  /** @param onEnd called when all have come to their end by themselves */
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

  play(from: number): void {
    this.stop();
    void this.#context.resume();
    this.#began = this.#context.currentTime - from;
    this.playing = true;
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

  /** Fades to other levels, so that nothing clicks. @param levelOf the factor of each track; 0 is silence */
  level(levelOf: (value: string) => number): void {
    const now = this.#context.currentTime;
    for (const [name, { gain }] of this.#gains) gain.setTargetAtTime(levelOf(name), now, 0.01);
  }

  close(): void {
    this.stop();
    void this.#context.close();
  }
}
