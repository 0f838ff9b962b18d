import type { PipelineContext } from "../pipeline.ts";
import type { CoverRequest } from "./cover-request.ts";

/** What is done to a song, in the order in which a second of it passes through, and its share of the work. */
const STAGES = { decode: 0.05, convert: 0.7, mix: 0.2, encode: 0.05 } as const;

export type CoverStage = keyof typeof STAGES;

const NAMES = Object.keys(STAGES) as readonly CoverStage[];

const MESSAGES: Readonly<Record<CoverStage, string>> = {
  decode: "스템 디코딩 중...",
  convert: "보컬 변환 중...",
  mix: "이펙트 적용 및 믹싱 중...",
  encode: "결과 인코딩 중...",
};

/** Progress before the file is delivered. */
const BEFORE_DELIVERY = 0.98;

/** Tells how far each stage is. They work side by side, each on another second of the song. */
export class CoverProgress {
  readonly #context: PipelineContext;
  /** Seconds to pass through each stage, as far as the files say how long they are. */
  readonly #seconds: Readonly<Record<CoverStage, number>>;
  readonly #done = new Map<CoverStage, number>();

  constructor({ vocal, instrument, backup }: CoverRequest, context: PipelineContext) {
    const each = [vocal.seconds, instrument.seconds, backup?.seconds ?? 0];
    const longest = Math.max(...each);
    const all = each.reduce((sum, seconds) => sum + seconds, 0);
    this.#seconds = { decode: all, convert: vocal.seconds, mix: longest, encode: longest };
    this.#context = context;
  }

  /** Another piece of sound has passed through a stage. */
  moved(stage: CoverStage, seconds: number): void {
    this.reached(stage, (this.#done.get(stage) ?? 0) + seconds);
  }

  /** A stage's work is done for so many seconds from the start. */
  reached(stage: CoverStage, seconds: number): void {
    if (!this.#done.has(stage)) this.#context.emit({ type: "status", stage, message: MESSAGES[stage] });
    this.#done.set(stage, Math.max(seconds, this.#done.get(stage) ?? 0));
    this.#tell(stage, this.#share(stage));
  }

  /** Everything has passed through all stages. */
  finish(): void {
    for (const stage of NAMES) this.#done.set(stage, Number.POSITIVE_INFINITY);
    for (const stage of NAMES) this.#tell(stage, 1);
  }

  #tell(stage: CoverStage, share: number): void {
    let whole = 0;
    for (const each of NAMES) whole += STAGES[each] * this.#share(each);
    this.#context.emit({ type: "progress", progress: BEFORE_DELIVERY * whole, stage, stage_progress: share });
  }

  #share(stage: CoverStage): number {
    const done = this.#done.get(stage) ?? 0;
    if (done === Number.POSITIVE_INFINITY) return 1;
    // A file that does not say how long it is tells no progress before the end.
    return this.#seconds[stage] > 0 ? Math.min(1, done / this.#seconds[stage]) : 0;
  }
}
