import type { Ledger } from "./ledger.ts";
import type { Call } from "./wire.ts";

/** Answers a poll if there is something for it. */
type Give = () => boolean;

/** Takes and stop polls that are held open until there is something for them, or `holdMs` have passed. */
export class LongPolls {
  readonly #ledger: Ledger;
  readonly #holdMs: number;
  readonly #takes = new Set<Give>();
  readonly #stopPolls = new Map<string, Set<Give>>();
  /** Ids that wait for their worker to ask. */
  readonly #stops = new Map<string, string[]>();

  constructor(ledger: Ledger, holdMs: number) {
    this.#ledger = ledger;
    this.#holdMs = holdMs;
  }

  holdTake({ worker, url, route, response, answer }: Call): void {
    const batch = route === "job-take-batch";
    const most = batch ? Number(url.searchParams.get("batch_size")) : 1;
    this.#hold(this.#takes, { response, answer }, () => {
      if (this.#ledger.queued === 0) return undefined;
      const payloads = this.#ledger.deal(worker, most, performance.now()).map(({ payload }) => payload);
      return JSON.stringify(batch ? payloads : payloads[0]);
    });
  }

  holdStop({ worker, response, answer }: Call): void {
    const polls = this.#stopPolls.get(worker) ?? new Set();
    this.#stopPolls.set(worker, polls);
    this.#hold(polls, { response, answer }, () => {
      const ids = this.#stops.get(worker) ?? [];
      if (ids.length === 0) return undefined;
      this.#stops.delete(worker);
      return JSON.stringify({ jobsToStop: ids });
    });
  }

  /** Hands queued jobs to takes that wait. */
  deal(): void {
    for (const give of this.#takes) give();
  }

  /** Tells a worker to stop a job, now or when it asks. */
  stop(worker: string, id: string): void {
    this.#stops.set(worker, [...(this.#stops.get(worker) ?? []), id]);
    for (const give of this.#stopPolls.get(worker) ?? []) if (give()) return;
  }

  /** Forgets polls whose connections lead nowhere. */
  forget(): void {
    this.#takes.clear();
    this.#stopPolls.clear();
  }

  #hold(
    polls: Set<Give>,
    { response, answer }: Pick<Call, "response" | "answer">,
    find: () => string | undefined,
  ): void {
    const end = (): void => {
      clearTimeout(timer);
      polls.delete(give);
    };
    const give = (): boolean => {
      const found = find();
      if (found === undefined) return false;
      end();
      answer(200, found);
      return true;
    };
    const timer = setTimeout(() => {
      end();
      answer(204);
    }, this.#holdMs).unref();
    polls.add(give);
    response.on("close", end);
    give();
  }
}
