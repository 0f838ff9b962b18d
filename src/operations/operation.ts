import type { z } from "zod";
import type { LiveStreams } from "../media/fragmented-live.ts";
import type { PipelineContext } from "../pipelines/pipeline.ts";
import type { Artifact } from "../storage/artifact.ts";

/** A file that an operation made and wants delivered. */
export type Output = {
  readonly kind: Artifact["kind"];
  /** Where the file lies now; delivery moves it away. */
  readonly path: string;
  readonly filename: string;
  /** Last part of the key where it is not the file name. */
  readonly keyName?: string;
  /** `realtime`, `audio` … : the folder of the key when the output is not kept. */
  readonly folder: string;
  readonly mime: string;
  /** Seconds, for sound and video. */
  readonly duration?: number;
};

/** What every operation works with: a pipeline's surroundings, and the way out. */
export type OperationContext = PipelineContext & {
  readonly jobId: string;
  readonly stored: StoredFiles;
  /**
   * Sends a file to where this job's outputs go. `persist` true keeps it for good. `field` names the field of the result
   * into which the operation puts the base64, if there is any: it is not listed a second time. `ttlSeconds` is its life
   * where the caller asks for none.
   */
  deliver(
    output: Output,
    options?: { readonly persist?: boolean; readonly field?: string; readonly ttlSeconds?: number },
  ): Promise<Artifact>;
  /** Where outputs can be read while they are made, by those who are in the same process. */
  readonly streams: LiveStreams;
};

/** What this deployment's jobs have stored. */
export type StoredFiles = {
  /** Answers whether there was one. @throws AppError `invalid_input` for what is no key of an output, `storage_failed` */
  delete(key: string): Promise<boolean>;
  /**
   * Deletes what a job stored and answers how many files there still were; absent where no list of jobs is kept.
   * @throws AppError `not_found`, `conflict` for a job that is under way
   */
  readonly deleteOfJob?: ((jobId: string) => Promise<number>) | undefined;
};

/** The declaration from which dispatch, JSON Schema and reference page come. */
export type Operation<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> = {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Markdown: what it does, defaults that need explaining. */
  readonly description: string;
  readonly params: P;
  readonly result: R;
  /** Stated limits, for the reference page. */
  readonly limits: readonly string[];
  /** Params that work as they stand. */
  readonly example: z.input<P>;
  /** Heavy operations wait for one of `TALKBOX_CONCURRENCY` places. */
  readonly heavy: boolean;
  readonly run: (params: z.output<P>, context: OperationContext) => Promise<z.input<R>>;
};

/** Declares an operation; the types of its params and result follow from their schemas. */
export function defineOperation<P extends z.ZodType, R extends z.ZodType>(
  operation: Operation<P, R>,
): Operation & { readonly params: P; readonly result: R } {
  const erased: Operation = operation;
  return { ...erased, params: operation.params, result: operation.result };
}
