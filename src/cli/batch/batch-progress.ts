import { SingleBar } from "cli-progress";
import type { LineEnd } from "./run-line.ts";

/** Shows how far a batch is: a bar on a terminal, a line for each job elsewhere. */
export type BatchProgress = { ended(end: LineEnd): void; stop(): void };

const WORDS: Readonly<Record<LineEnd["outcome"], string>> = {
  completed: "completed",
  failed: "failed",
  unknown: "fate unknown",
  left: "not finished",
  before: "finished before",
};

/** @param total lines of the batch */
export function createBatchProgress(stream: NodeJS.WriteStream, total: number): BatchProgress {
  return stream.isTTY ? bar(stream, total) : lines(stream, total);
}

function bar(stream: NodeJS.WriteStream, total: number): BatchProgress {
  let troubled = 0;
  const view = new SingleBar({
    stream,
    format: "  {bar} {value}/{total}  {duration_formatted}, {eta_formatted} left{trouble}",
    barCompleteChar: "━",
    barIncompleteChar: "╌",
    barsize: 36,
    hideCursor: true,
    etaBuffer: 50,
  });
  view.start(total, 0, { trouble: "" });
  return {
    ended({ outcome }) {
      if (outcome === "failed" || outcome === "unknown" || outcome === "left") troubled++;
      view.increment(1, { trouble: troubled > 0 ? `, ${troubled} not completed` : "" });
    },
    stop: () => view.stop(),
  };
}

function lines(stream: NodeJS.WriteStream, total: number): BatchProgress {
  let count = 0;
  return {
    ended({ line, outcome, executionTime, message }) {
      count++;
      if (outcome === "before") return;
      const time = executionTime === undefined ? "" : ` in ${(executionTime / 1000).toFixed(1)} s`;
      const why = message === undefined ? "" : `: ${message}`;
      stream.write(`  ${count}/${total}  line ${line} ${WORDS[outcome]}${time}${why}\n`);
    },
    stop() {},
  };
}
