import { EVENT_REPLAY } from "../limits/jobs.ts";

/** An event with its place in its job. */
export type NumberedEvent = { readonly id: number; readonly event: unknown };

/** What is there to read after an event. */
export type EventPage = {
  readonly events: readonly NumberedEvent[];
  /** Events between the asked for and the first of these that are not kept any more. */
  readonly dropped: number;
  /** Whether nothing comes after these. */
  readonly ended: boolean;
};

/**
 * A job's events, numbered from one. The latest are kept for those who come late or come back: a bounded number of them
 * and of their bytes; a gap is told, not hidden.
 */
export class EventLog {
  readonly #kept: { readonly id: number; readonly event: unknown; readonly bytes: number }[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #first: number;
  #next: number;
  #bytes = 0;
  #ended = false;
  readonly #limits: { readonly events: number; readonly bytes: number };
  /** The latest event that was taken. */
  #taken: number;

  /**
   * @param from the id before the first event's
   * @param limits events that are kept at most, and their bytes of JSON
   */
  constructor(from = 0, limits: { readonly events: number; readonly bytes: number } = EVENT_REPLAY) {
    this.#first = from;
    this.#next = from + 1;
    this.#taken = from;
    this.#limits = limits;
  }

  /** Bytes of JSON that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds an event, unless the log has ended. */
  push(event: unknown): void {
    if (this.#ended) return;
    const bytes = JSON.stringify(event).length;
    this.#kept.push({ id: this.#next++, event, bytes });
    this.#bytes += bytes;
    // The latest is kept whatever its size.
    const { events: most, bytes: mostBytes } = this.#limits;
    while (this.#kept.length > 1 && (this.#kept.length > most || this.#bytes > mostBytes)) {
      this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    }
    this.#wake();
  }

  /** No event comes any more. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Whether nothing comes any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The events after `id`, as far as they are kept. */
  after(id: number): EventPage {
    const from = Math.max(id, this.#first);
    const oldest = this.#kept[0]?.id ?? this.#next;
    const at = this.#kept.findIndex((kept) => kept.id > from);
    const events = at < 0 ? [] : this.#kept.slice(at).map(({ id, event }) => ({ id, event }));
    return { events, dropped: Math.max(0, Math.min(oldest, this.#next) - from - 1), ended: this.#ended };
  }

  /** The events that no such call has answered before. They are not kept any longer. */
  take(): EventPage {
    const page = this.after(this.#taken);
    this.#taken = this.#next - 1;
    this.#kept.length = 0;
    this.#bytes = 0;
    return page;
  }

  /** Resolves when an event after `id` is there, the log has ended, or `signal` is aborted. */
  async waitAfter(id: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#ended && this.#next - 1 <= id) {
      const woken = Promise.withResolvers<void>();
      const wake = (): void => woken.resolve();
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      await woken.promise;
      // A reader who follows a long stream waits with one signal thousands of times.
      signal.removeEventListener("abort", wake);
      this.#waiting.delete(wake);
    }
  }

  /** Resolves when `take` would answer something new, or `signal` is aborted. */
  waitToTake(signal: AbortSignal): Promise<void> {
    return this.waitAfter(this.#taken, signal);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
