/** What can go wrong at the platform, on demand. */

/** Kinds of requests that a worker makes. */
export type RequestKind = "take" | "stop" | "done" | "progress" | "stream" | "ping";

/** One thing that goes wrong, as often as it says. */
export type Fault = {
  readonly on: RequestKind;
  /** Only for this job. */
  readonly job?: string;
  /** Requests of this kind that pass before. */
  readonly skip?: number;
  /** Requests that it meets; default 1. */
  readonly times?: number;
  /** Milliseconds before the request is handled. */
  readonly delayMs?: number;
  /** Answers this instead of handling the request. */
  readonly status?: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection instead of handling the request, or after it was handled, with the reply lost. */
  readonly drop?: "before" | "after";
  /** Sends the head of the answer this many milliseconds before its body. */
  readonly trickleMs?: number;
};

/** Faults in waiting. */
export class FaultPlan {
  #rules: { fault: Fault; skip: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#rules.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
  }

  /** The fault that meets this request, used up by it. */
  meet(kind: RequestKind, job: string | undefined): Fault | undefined {
    for (const rule of this.#rules) {
      const { fault } = rule;
      if (fault.on !== kind || rule.left <= 0 || (fault.job !== undefined && fault.job !== job)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      rule.left -= 1;
      return fault;
    }
    return undefined;
  }
}

/** Random numbers that a seed repeats (mulberry32), from 0 to below 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Faults at random: about one request in `1 / rate` is answered with 429 or 500, delayed, dropped before or after it is
 * handled; a take also with garbage.
 */
export function randomFaults(seed: number, rate: number): (kind: RequestKind) => Fault | undefined {
  const random = seededRandom(seed);
  const kinds: readonly Omit<Fault, "on">[] = [
    { status: 500 },
    { status: 503 },
    { status: 429, headers: { "Retry-After": "0.05" } },
    { drop: "before" },
    { drop: "after" },
    { delayMs: 30 },
    { trickleMs: 20 },
  ];
  // An answer that is lost takes its jobs with it until their lease ends.
  const takes: readonly Omit<Fault, "on">[] = [
    ...kinds,
    { status: 200, body: '{"id": "broken', contentType: "application/json" },
    { status: 400 },
  ];
  return (kind) => {
    if (random() >= rate) return undefined;
    const choices = kind === "take" ? takes : kinds;
    const chosen = choices[Math.floor(random() * choices.length)];
    return chosen && { on: kind, ...chosen };
  };
}
