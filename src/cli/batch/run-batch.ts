import { join } from "node:path";
import PQueue from "p-queue";
import { type BatchProgress, createBatchProgress } from "./batch-progress.ts";
import type { RemoteEndpoint } from "./endpoint.ts";
import type { BatchLine } from "./jobs-file.ts";
import { Ledger } from "./ledger.ts";
import { type LineEnd, LineRunner } from "./run-line.ts";

export type RunBatchOptions = {
  readonly lines: readonly BatchLine[];
  readonly endpoint: Pick<RemoteEndpoint, "submit" | "look">;
  /** Folder of the ledger and the outputs. */
  readonly out: string;
  readonly concurrency: number;
  readonly retries: number;
  readonly retryUnknown: boolean;
  readonly retryFailed: boolean;
  readonly signal: AbortSignal;
};

/** How a batch ended. */
export type BatchEnd = {
  readonly ends: readonly LineEnd[];
  /** Milliseconds of work and in the queue, of every attempt the ledger tells of, earlier runs included. */
  readonly executionMs: number;
  readonly delayMs: number;
  readonly ledger: string;
};

/** Runs every line that is not finished. @throws AppError as `LineRunner.run` and `Ledger.open` */
export async function runBatch(options: RunBatchOptions): Promise<BatchEnd> {
  const { lines, out, concurrency, signal } = options;
  const path = join(out, "ledger.jsonl");
  await using ledger = await Ledger.open(path);
  const broken = new AbortController();
  const runner = new LineRunner({ ...options, ledger, signal: AbortSignal.any([signal, broken.signal]) });
  const view: BatchProgress = createBatchProgress(process.stderr, lines.length);
  const queue = new PQueue({ concurrency });
  const ends: LineEnd[] = [];
  try {
    await Promise.all(
      lines.map((line) =>
        queue.add(async () => {
          const end = await runner.run(line).catch((error: unknown) => {
            // What one line meets here, all would.
            broken.abort();
            throw error;
          });
          ends.push(end);
          view.ended(end);
        }),
      ),
    );
  } finally {
    await queue.onIdle();
    view.stop();
  }
  return { ends, executionMs: ledger.executionMs, delayMs: ledger.delayMs, ledger: path };
}

/** Whether every line is completed, now or before. */
export function isComplete({ ends }: BatchEnd): boolean {
  return ends.every(({ outcome }) => outcome === "completed" || outcome === "before");
}

/**
 * The batch for people: what became of the lines, their time and its price, and which lines need a look.
 * @param price of an hour of work; 0 when it is not known
 */
export function summariseBatch({ ends, executionMs, delayMs, ledger }: BatchEnd, price: number): string {
  const count = (outcome: LineEnd["outcome"]): number => ends.filter((end) => end.outcome === outcome).length;
  const parts = [
    `${count("completed")} completed`,
    `${count("failed")} failed`,
    `${count("unknown")} unknown`,
    `${count("left")} not finished`,
    `${count("before")} finished before`,
  ];
  const cost = price > 0 ? `${((executionMs / 3_600_000) * price).toFixed(4)} at ${price} an hour` : undefined;
  const troubled = ends
    .filter(({ outcome }) => outcome !== "completed" && outcome !== "before")
    .toSorted((a, b) => a.line - b.line);
  return [
    "",
    `Lines   ${parts.join(", ")}`,
    `Time    ${(executionMs / 1000).toFixed(1)} s of work, ${(delayMs / 1000).toFixed(1)} s in the queue`,
    `Cost    ${cost ?? "not known: set TALKBOX_GPU_PRICE to the price of an hour"}`,
    `Ledger  ${ledger}`,
    ...troubled.map(({ line, outcome, message }) => `  line ${line} ${outcome}: ${message ?? ""}`),
    "",
  ].join("\n");
}
