import type { Checkpoint } from "../../checkpoints/checkpoint.ts";
import type { Graph, Precision } from "../../graphs/graph-builder.ts";

/** How a network is known by what a file holds, and what can be made of it. One of these to a file, in a table. */
export type Architecture = {
  /** Stable, such as `wav2lip`: engines ask for models by it. */
  readonly family: string;
  /** What people call it. */
  readonly title: string;
  /** What whoever uses the weights should know of their licence. */
  readonly licence: string;
  /** Some keys that only this network's weights have: for the one whose keys are almost right. */
  readonly marks: readonly string[];
  /**
   * The variant, such as `96`; undefined when a checkpoint is of another network.
   * @throws AppError `model_unusable` for this network in a form that is not supported
   */
  readonly recognise: (checkpoint: Checkpoint) => string | undefined;
  /** The file is the graph itself, in ONNX. */
  readonly ready?: true;
  /** How its graphs are made; absent for a network that is known by name alone, or ready. */
  readonly graphs?: GraphMaker;
};

export type GraphMaker = {
  /** Raised whenever what `build` writes changes, so that graphs in a cache are made anew. */
  readonly version: number;
  /** Graphs that it comes in. */
  readonly parts: readonly string[];
  /**
   * Builds one of them; weights are read when it is written.
   * @throws AppError `model_unusable` when a weight is missing or of another shape
   */
  readonly build: (checkpoint: Checkpoint, variant: string, part: string, precision: Precision) => BuiltGraph;
};

/** A graph, and the keys of the checkpoint that none of its network's graphs needs. */
export type BuiltGraph = { readonly graph: Graph; readonly unused: readonly string[] };
