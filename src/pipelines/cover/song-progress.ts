import type { JobEvent } from "../../events.ts";
import type { PipelineContext } from "../pipeline.ts";
import type { Speeds } from "./speeds.ts";

/** A stage of a song's making. */
export type SongStage = {
  /** What its speed is known by: the stage and who does it. */
  readonly name: string;
  /** Seconds of sound that pass through it. */
  readonly sound: number;
  /** Seconds of work for one of sound, where nothing is known yet: for the progress alone, never for an estimate. */
  readonly guess: number;
};

/** Progress at the end of a pipeline's own work, before what it made is delivered. */
const OWN_END = 0.98;

type Standing = SongStage & { readonly expected: number | undefined; done: boolean };

/**
 * Progress through stages that run one after the other, each as long as it is expected to take, with the seconds that are
 * left: those learnt from past runs, and more and more those that this one shows.
 */
export class SongProgress {
  readonly #stages: readonly Standing[];
  readonly #speeds: Speeds;
  readonly #now: () => number;
  /** Seconds that all stages were expected to take, if that was known of each. */
  readonly expected: number | undefined;
  /** Seconds that they took. */
  took = 0;

  private constructor(
    stages: readonly SongStage[],
    expectation: (stage: string, seconds: number) => number | undefined,
    speeds: Speeds,
    now: () => number,
  ) {
    this.#stages = stages.map((stage) => ({ ...stage, expected: expectation(stage.name, stage.sound), done: false }));
    this.#speeds = speeds;
    this.#now = now;
    this.expected = this.#sum(this.#stages);
  }

  static async plan(
    stages: readonly SongStage[],
    speeds: Speeds,
    now: () => number = () => performance.now(),
  ): Promise<SongProgress> {
    return new SongProgress(stages, await speeds.expectations(), speeds, now);
  }

  /** Does a stage's work, whose own progress from 0 to the end becomes this stage's part of the whole. */
  async run<T>(index: number, context: PipelineContext, work: (context: PipelineContext) => Promise<T>): Promise<T> {
    const stage = this.#stages[index] as Standing;
    // Waiting for a place is no work: the clock runs from the first word.
    let began: number | undefined;
    const emit = (event: JobEvent): void => {
      began ??= this.#now();
      if (event.type !== "progress") return context.emit(event);
      const share = Math.min(1, event.progress / OWN_END);
      const remaining = this.#remaining(stage, share, (this.#now() - began) / 1000);
      const eta = remaining === undefined ? {} : { eta_seconds: Math.round(remaining * 10) / 10 };
      context.emit({ ...event, progress: this.#progress(stage, share), ...eta });
    };
    const made = await work({ ...context, emit });
    stage.done = true;
    const took = (this.#now() - (began ?? this.#now())) / 1000;
    this.took += took;
    await this.#speeds.note(stage.name, stage.sound, took);
    return made;
  }

  #progress(current: Standing, share: number): number {
    let all = 0;
    let done = 0;
    for (const stage of this.#stages) {
      const weight = Math.max(1e-3, stage.expected ?? stage.guess * stage.sound);
      all += weight;
      done += stage.done ? weight : stage === current ? share * weight : 0;
    }
    return (OWN_END * done) / all;
  }

  #remaining(current: Standing, share: number, elapsed: number): number | undefined {
    const later = this.#sum(this.#stages.filter((stage) => stage !== current && !stage.done));
    if (later === undefined) return undefined;
    const shown = share > 0.02 ? (elapsed * (1 - share)) / share : undefined;
    const learnt = current.expected === undefined ? undefined : current.expected * (1 - share);
    if (shown === undefined && learnt === undefined) return undefined;
    const trust = learnt === undefined ? 1 : shown === undefined ? 0 : share;
    return trust * (shown ?? 0) + (1 - trust) * (learnt ?? 0) + later;
  }

  #sum(stages: readonly Standing[]): number | undefined {
    let sum = 0;
    for (const { expected } of stages) {
      if (expected === undefined) return undefined;
      sum += expected;
    }
    return sum;
  }
}
