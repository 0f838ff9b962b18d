import { Compressor } from "../../signal/effects/compressor.ts";
import { HighPass } from "../../signal/effects/high-pass.ts";
import { Reverb } from "../../signal/effects/reverb.ts";
import { placed } from "../../signal/panorama.ts";
import { resampleStream } from "../../signal/stream-resampler.ts";
import type { PipelineContext } from "../pipeline.ts";
import type { CoverRequest } from "./cover-request.ts";
import type { CoverProgress } from "./progress.ts";
import { readAhead } from "./read-ahead.ts";
import { monoSound, stereoSound } from "./stems.ts";
import type { StereoBlock, StereoStream } from "./stereo.ts";

/** Hz below which a voice has nothing but noise. */
const HIGH_PASS_HZ = 50;

/** Times in milliseconds, threshold in dB. */
const COMPRESSION = { threshold: -15, ratio: 4, attack: 1, release: 100 } as const;

/** What finds the pitch for embedded voices, whatever is asked for. */
const EMBEDDED_F0 = "harvest";

/** Rates below that of the mix at which a vocal is converted, in Hz: they share large divisors with it. */
const LOWER_RATES = [16_000, 22_050, 24_000, 32_000, 44_100] as const;

/** Converted blocks that are made ahead. */
const AHEAD = 2;

/** The vocal in its new voice and its room, on two channels at the rate of the mix. */
export async function vocalTrack(
  request: CoverRequest,
  sampleRate: number,
  progress: CoverProgress,
  context: PipelineContext,
): Promise<StereoStream> {
  const { vocal, voice, retrieval, pitch, pitchOfAll, seed } = request;
  const { clock, signal } = context;
  const { id, embedded } = voice.converter.info;
  context.used({ kind: "voice", engine: id, model: voice.name });
  const foundPitch = (method: string): void => context.used({ kind: "pitch", engine: id, model: method });
  if (embedded) foundPitch(EMBEDDED_F0);
  // There is nothing above half of its own rate to convert, and it costs less.
  const ownRate =
    LOWER_RATES.find((rate) => rate >= (vocal.sampleRate || sampleRate) && rate < sampleRate) ?? sampleRate;
  const source = readAhead(monoSound(vocal, ownRate, context), AHEAD);
  async function* blocks(): AsyncGenerator<Float32Array, void> {
    for await (const block of source) {
      progress.moved("decode", block.length / ownRate);
      yield block;
    }
  }
  const options = {
    pitch: pitch + pitchOfAll,
    pitchMapping: "octave",
    retrieval,
    foundPitch,
    worked: (seconds: number) => progress.reached("convert", seconds),
    warn: (message: string) => context.warn(message),
    ...(seed === undefined ? {} : { seed }),
  } as const;
  const converted = await clock.time("convert", () =>
    voice.converter.convert({ sampleRate: ownRate, blocks: blocks() }, voice.target, options, signal),
  );
  const sound = resampleStream(converted.blocks, converted.sampleRate, sampleRate);
  const sung = clock.timeEach("convert", readAhead(sound, AHEAD));
  const worked = atItsLevel(sung, sampleRate, progress);
  if (request.placement === "middle" || vocal.channels === 1) return inItsRoom(worked, request, sampleRate);
  return inItsRoom(worked, request, sampleRate, stereoSound(vocal, ownRate, context), ownRate);
}

async function* atItsLevel(
  sound: AsyncIterable<Float32Array>,
  sampleRate: number,
  progress: CoverProgress,
): AsyncGenerator<Float32Array, void> {
  const highPass = new HighPass(sampleRate, HIGH_PASS_HZ);
  const compressor = new Compressor(sampleRate, COMPRESSION);
  let seconds = 0;
  for await (const block of sound) {
    seconds += block.length / sampleRate;
    progress.reached("convert", seconds);
    // The block may still be somebody else's; and what is not a number would go round in the reverb for ever.
    const samples = block.map((x) => (Number.isFinite(x) ? x : 0));
    highPass.process(samples);
    compressor.process(samples);
    yield samples;
  }
}

/** @param where the sound that tells where the voice stands; without it that is the middle */
async function* inItsRoom(
  sound: AsyncIterable<Float32Array>,
  { reverb }: CoverRequest,
  sampleRate: number,
  where?: StereoStream,
  whereRate = sampleRate,
): AsyncGenerator<StereoBlock, void> {
  const room = new Reverb(sampleRate, reverb);
  if (!where) {
    for await (const samples of sound) yield room.spread(samples);
    return;
  }
  const heard: Float32Array[] = [];
  async function* kept(): AsyncGenerator<Float32Array, void> {
    for await (const samples of sound) {
      heard.push(samples);
      yield samples;
    }
  }
  for await (const [left, right] of placed(kept(), sampleRate, where, whereRate)) {
    yield room.spread(heard.shift() as Float32Array, left, right);
  }
}
