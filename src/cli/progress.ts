import { MultiBar, type SingleBar } from "cli-progress";
import type { JobEvent } from "../events.ts";

const NAMES: Readonly<Record<string, string>> = {
  tts: "speech",
  lipsync: "video",
  convert: "voice",
};

/** Shows a job's events to a person: bars on a terminal, a line per stage elsewhere. */
export type ProgressView = { show(event: JobEvent): void; stop(): void };

/** Bars on `stream` if it is a terminal. */
export function createProgressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WriteStream): ProgressView {
  const view = new MultiBar({
    stream,
    format: "  {name} {bar} {percentage}%  {duration_formatted}",
    barCompleteChar: "━",
    barIncompleteChar: "╌",
    barsize: 36,
    hideCursor: true,
    clearOnComplete: false,
    stopOnComplete: false,
    emptyOnZero: true,
  });
  const shown = new Map<string, SingleBar>();
  return {
    show(event) {
      if (event.type !== "progress") return;
      let bar = shown.get(event.stage);
      if (!bar) {
        bar = view.create(1000, 0, { name: (NAMES[event.stage] ?? event.stage).padEnd(8) });
        shown.set(event.stage, bar);
      }
      bar.update(Math.round(event.stage_progress * 1000));
    },
    stop() {
      view.update();
      view.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressView {
  const STEP = 0.25;
  const next = new Map<string, number>();
  return {
    show(event) {
      if (event.type !== "progress") return;
      const due = next.get(event.stage) ?? STEP;
      if (event.stage_progress < due) return;
      next.set(event.stage, Math.floor(event.stage_progress / STEP) * STEP + STEP);
      const percent = String(Math.round(event.stage_progress * 100)).padStart(3);
      stream.write(`  ${(NAMES[event.stage] ?? event.stage).padEnd(8)} ${percent}%\n`);
    },
    stop() {},
  };
}
