import { AppError } from "../../../errors.ts";
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import { envelopeFftSize } from "../../../signal/world/index.ts";
import type { ConversionOptions } from "../voice-converter.ts";
import { ahead } from "../../ahead.ts";
import { type Block, BlockCutter } from "./blocks.ts";
import { type Melody, MelodyWriter, type PitchMap, pitchMap } from "./melody.ts";
import { ProfileBuilder } from "./profile.ts";
import { F0_CEILING, F0_FLOOR, type TimbrePlan } from "./protocol.ts";
import { planForTimbre } from "./target.ts";
import type { VoiceThreads } from "./threads.ts";
import type { Timbre } from "./timbres.ts";

/** Seconds of voice that tell who sings or speaks, and how much is read ahead for them once there is a voice. */
const KNOWN_AFTER_SECONDS = 12;
const MOST_AHEAD_SECONDS = 30;

type Pitched = { readonly block: Block; readonly f0: Float64Array };
type Plan = { readonly map: PitchMap; readonly timbre: TimbrePlan };

/** The source in another voice, block by block, as long as the source. */
export async function* convertBlocks(
  source: MonoStream,
  target: Timbre | VoiceProfile,
  options: ConversionOptions,
  signal: AbortSignal,
  threads: VoiceThreads,
  blockSeconds: number,
): AsyncGenerator<Float32Array, void> {
  const inner = new AbortController();
  const job = AbortSignal.any([signal, inner.signal]);
  const stop = (): void => inner.abort();
  const cutter = new BlockCutter(source.sampleRate, blockSeconds);
  const { sampleRate, hop } = cutter;
  const fftSize = envelopeFftSize(sampleRate);

  const findPitch = async (block: Block): Promise<Pitched> => ({
    block,
    f0: await threads.run(
      {
        kind: "pitch",
        method: "harvest",
        samples: block.samples,
        sampleRate,
        hop,
        floor: F0_FLOOR,
        ceiling: F0_CEILING,
      },
      job,
    ),
  });
  const measure = async (blocks: readonly Pitched[]): Promise<VoiceProfile | undefined> => {
    const builder = new ProfileBuilder(sampleRate);
    for (const { block, f0 } of blocks) {
      const own = ownFrames(block, f0);
      if (own.every((hz) => hz === 0)) continue;
      builder.add(await threads.run({ kind: "measure", samples: block.samples, sampleRate, hop, f0: own }, job));
    }
    return builder.voicedSeconds > 0 ? builder.build() : undefined;
  };
  const planFor = async (profile: VoiceProfile): Promise<Plan> => ({
    map: pitchMap(profile.f0, target.f0, options.pitchMapping, options.pitch),
    timbre:
      "version" in target
        ? await threads.run({ kind: "plan", source: profile, target, sampleRate }, job)
        : planForTimbre(profile, target, sampleRate),
  });
  const render = async ({ block, melody, plan }: Written): Promise<Rendered> => {
    const { length } = block;
    if (!plan || !melody.voiced.some((value) => value === 1)) {
      // Nothing to change: the block's own samples, with room for what reaches in from its neighbours.
      const sound = new Float32Array(length + fftSize);
      const from = Math.round(block.firstFrame * hop);
      sound.set(block.samples.subarray(from, from + length), fftSize / 2);
      return { sound, length };
    }
    const { samples, firstSample, firstFrame, frames } = block;
    const shared = {
      kind: "render",
      samples,
      sampleRate,
      hop,
      fftSize,
      firstSample,
      firstFrame,
      frames,
      length,
    } as const;
    const task = { ...shared, ...melody, timbre: plan.timbre, seed: options.seed ?? 0 };
    return { sound: await threads.run(task, job), length };
  };

  const pitched = ahead(cutter.cut(whileWanted(source.blocks, job)), threads.size, findPitch, stop);
  const written = writeMelodies(pitched, cutter, options.sourceProfile, planFor, measure);
  const rendered = ahead(written, threads.size, render, stop);
  try {
    yield* joined(rendered, fftSize / 2);
  } finally {
    stop();
  }
}

type Written = { readonly block: Block; readonly melody: Melody; readonly plan: Plan | undefined };
type Rendered = { readonly sound: Float32Array; readonly length: number };

/** f0 of the block without its surroundings. */
function ownFrames({ firstFrame, frames }: Block, f0: Float64Array): Float64Array {
  return f0.map((hz, i) => (i >= firstFrame && i < firstFrame + frames ? hz : 0));
}

/**
 * Gives every block its melody. What to do is known once who speaks is: until then blocks without a voice pass, and
 * those with one wait.
 */
async function* writeMelodies(
  pitched: AsyncIterable<Pitched>,
  cutter: BlockCutter,
  known: VoiceProfile | undefined,
  planFor: (profile: VoiceProfile) => Promise<Plan>,
  measure: (blocks: readonly Pitched[]) => Promise<VoiceProfile | undefined>,
): AsyncGenerator<Written, void> {
  const writer = new MelodyWriter(cutter);
  let plan = known && (await planFor(known));
  let waiting: Pitched[] = [];
  let voicedFrames = 0;
  let waitingFrames = 0;
  const write = ({ block, f0 }: Pitched): Written => ({
    block,
    melody: writer.write(block, f0, plan ? plan.map : (hz) => hz),
    plan,
  });
  const settle = async (): Promise<Written[]> => {
    const profile = await measure(waiting);
    plan ??= profile && (await planFor(profile));
    const settled = waiting.map(write);
    waiting = [];
    return settled;
  };
  const seconds = cutter.hop / cutter.sampleRate;
  for await (const item of pitched) {
    voicedFrames += ownFrames(item.block, item.f0).reduce((sum, hz) => sum + (hz > 0 ? 1 : 0), 0);
    if (plan || voicedFrames === 0) {
      yield write(item);
      continue;
    }
    waiting.push(item);
    waitingFrames += item.block.frames;
    if (voicedFrames * seconds >= KNOWN_AFTER_SECONDS || waitingFrames * seconds >= MOST_AHEAD_SECONDS) {
      yield* await settle();
      if (!plan) voicedFrames = waitingFrames = 0;
    }
  }
  if (waiting.length > 0) yield* await settle();
}

/** Lays the blocks next to one another; each brings `reach` samples to either side, which are added to its neighbours. */
async function* joined(blocks: AsyncIterable<Rendered>, reach: number): AsyncGenerator<Float32Array, void> {
  /** What is not complete yet: from `reach` samples before the end of the last block to as many after it. */
  let tail = new Float32Array(2 * reach);
  /** Samples that lie before the first one of the source. */
  let early = reach;
  for await (const { sound, length } of blocks) {
    for (let n = 0; n < tail.length; n++) sound[n] = (sound[n] as number) + (tail[n] as number);
    tail = sound.slice(length);
    const dropped = Math.min(early, length);
    early -= dropped;
    if (length > dropped) yield sound.slice(dropped, length);
  }
  const rest = tail.slice(early, reach);
  if (rest.length > 0) yield rest;
}

/** The blocks as they are, until the signal says stop. */
async function* whileWanted(
  blocks: AsyncIterable<Float32Array>,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, void> {
  for await (const block of blocks) {
    if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    yield block;
  }
}
