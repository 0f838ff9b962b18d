import { type PickleValue, Tuple } from "../checkpoints/pickle/values.ts";

/** Sizes of an RVC voice's network, as the config in its file says them. */
export type RvcConfig = {
  /** Of what it makes, Hz. */
  readonly sampleRate: number;
  /** Samples of a frame: a hundredth of a second. */
  readonly hop: number;
  readonly inter: number;
  readonly hidden: number;
  readonly filter: number;
  readonly heads: number;
  readonly layers: number;
  readonly kernel: number;
  /** Of the blocks after each stage: sides of the filters, and their dilations. */
  readonly blocks: readonly { readonly kernel: number; readonly dilations: readonly number[] }[];
  /** How many times the samples each stage makes more, and the sides of the filters that do it. */
  readonly stages: readonly { readonly rate: number; readonly kernel: number }[];
  /** Channels before the first stage; each halves them. */
  readonly channels: number;
  /** Width of a speaker's embedding. */
  readonly speaker: number;
};

/** Items of a config: the arguments of RVC's synthesizer. */
const ITEMS = 18;
/** Dilations of a block of type 1, the only one that RVC makes. */
const DILATIONS = 3;

/** Rates as older files write them. */
const RATES: Readonly<Record<string, number>> = { "24k": 24_000, "32k": 32_000, "40k": 40_000, "48k": 48_000 };

/**
 * Reads a config.
 * @param refuse makes the error of a problem that it is given
 * @throws what `refuse` makes, for a config that no network can be built from
 */
export function readRvcConfig(config: readonly PickleValue[], refuse: (problem: string) => Error): RvcConfig {
  if (config.length !== ITEMS) throw refuse(`its config has ${config.length} items, and ${ITEMS} were expected`);
  const number = (at: number, what: string): number => {
    const value = config[at];
    if (isCount(value)) return value;
    throw refuse(`item ${at} of its config (${what}) is no positive whole number`);
  };
  const numbers = (value: PickleValue | undefined, at: number, what: string): readonly number[] => {
    const values = itemsOf(value);
    if (values?.length && values.every(isCount)) return values;
    throw refuse(`item ${at} of its config (${what}) is no list of positive whole numbers`);
  };
  const type = shownValue(config[9]);
  if (type !== "1") throw refuse(`its decoder has residual blocks of type ${type}, which is not supported (type 1 is)`);
  const last = config[ITEMS - 1];
  const sampleRate = typeof last === "number" ? last : RATES[shownValue(last)];
  const rates = numbers(config[12], 12, "upsample rates");
  const kernels = numbers(config[14], 14, "upsample kernels");
  const hop = rates.reduce((a, b) => a * b, 1);
  if (sampleRate === undefined || hop * 100 !== sampleRate) {
    throw refuse(`its config says ${shownValue(last)} Hz and stages that make ${hop * 100} Hz`);
  }
  const lists = itemsOf(config[11]) ?? [];
  const blocks = numbers(config[10], 10, "residual kernels").map((kernel, i) => ({
    kernel,
    dilations: numbers(lists[i], 11, "dilations"),
  }));
  const read: RvcConfig = {
    sampleRate,
    hop,
    inter: number(2, "inter channels"),
    hidden: number(3, "hidden channels"),
    filter: number(4, "filter channels"),
    heads: number(5, "heads"),
    layers: number(6, "layers"),
    kernel: number(7, "kernel"),
    blocks,
    stages: rates.map((rate, i) => ({ rate, kernel: kernels[i] ?? 0 })),
    channels: number(13, "upsample channels"),
    speaker: number(16, "speaker channels"),
  };
  if (!fits(read)) throw refuse("its config says sizes that do not fit each other");
  return read;
}

/** Whether halves are whole, filters have a middle, and stages make as many samples as they say. */
function fits({ inter, hidden, heads, kernel, blocks, stages, channels }: RvcConfig): boolean {
  return (
    inter % 2 === 0 &&
    hidden % heads === 0 &&
    kernel % 2 === 1 &&
    channels % 2 ** stages.length === 0 &&
    blocks.every((block) => block.kernel % 2 === 1 && block.dilations.length === DILATIONS) &&
    stages.every((stage) => stage.kernel >= stage.rate && (stage.kernel - stage.rate) % 2 === 0)
  );
}

/** A list or a tuple of a pickle. */
export function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  if (value instanceof Tuple) return value.items;
  return Array.isArray(value) ? (value as readonly PickleValue[]) : undefined;
}

/** A value as messages show it. */
export function shownValue(value: PickleValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "(no text)";
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}
