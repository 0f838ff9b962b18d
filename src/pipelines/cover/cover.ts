import { join } from "node:path";
import { lanesOf } from "../../engines/engine.ts";
import { encodeAudio } from "../../media/encode-audio.ts";
import { gainOf } from "../../signal/effects/gain.ts";
import { Limiter } from "../../signal/effects/limiter.ts";
import { PitchShifter } from "../../signal/pitch-shift/pitch-shifter.ts";
import type { PipelineContext } from "../pipeline.ts";
import type { CoverRequest, CoverTrack } from "./cover-request.ts";
import { mix } from "./mix.ts";
import { CoverProgress } from "./progress.ts";
import { readAhead } from "./read-ahead.ts";
import { type Stem, stereoSound } from "./stems.ts";
import { amplified, interleaved, type StereoBlock, type StereoStream, through } from "./stereo.ts";
import { vocalTrack } from "./vocal-track.ts";

/** Levels of the tracks before the caller's gains, in dB. */
const LEVEL = { main: -4, backup: -6, instrument: -7 } as const;

/** Highest true peak of the mix, in dBTP. */
const CEILING_DB = -1;

/** Rates that a mix may have, in Hz: what every format knows. */
const RATES = [44_100, 48_000] as const;

/** Samples per channel that are mixed in one go. */
const BLOCK = 16_384;

/** Blocks of a track that are made ahead, so that its maker and the mixer work at the same time. */
const AHEAD = 3;

/** A song in a file. */
export type CoverFile = {
  readonly path: string;
  readonly mime: string;
  /** Seconds. */
  readonly duration: number;
};

/**
 * Sings a song with another voice: the vocal is converted and given its effects, the other stems are shifted to its key,
 * all are mixed and kept under −1 dBTP. Everything is streamed: memory does not grow with the length of the song.
 * @throws AppError `invalid_audio`, `input_too_large`, `engine_failed`, `media_failed`, `storage_failed`, `cancelled`
 */
export async function makeCover(request: CoverRequest, context: PipelineContext): Promise<CoverFile> {
  return context.lanes.hold([...lanesOf(request.voice.converter), "encode"], () => singAndMix(request, context));
}

async function singAndMix(request: CoverRequest, context: PipelineContext): Promise<CoverFile> {
  const sampleRate = rateOf(request);
  const progress = new CoverProgress(request, context);
  const limiter = new Limiter(sampleRate, 2, CEILING_DB);
  // What is still at work when a track or the encoder fails has nobody left to work for.
  const over = new AbortController();
  const work = { ...context, signal: AbortSignal.any([context.signal, over.signal]) };
  try {
    const tracks = await tracksOf(request, sampleRate, progress, work);
    const song = through(
      mix(tracks, BLOCK, () => over.abort()),
      limiter,
    );
    const made = await writeSong(song, sampleRate, request, progress, context);
    context.measured("limiter_reduction_db", round2(limiter.reductionDb));
    context.measured("limited_share", round2(limiter.limitedSamples / Math.max(1, made.duration * sampleRate)));
    context.measured("sample_rate_hz", sampleRate);
    return made;
  } finally {
    over.abort();
  }
}

async function writeSong(
  song: StereoStream,
  sampleRate: number,
  { format }: CoverRequest,
  progress: CoverProgress,
  context: PipelineContext,
): Promise<CoverFile> {
  async function* chunks(): AsyncGenerator<Float32Array, void> {
    for await (const block of context.clock.timeEach("mix", song)) {
      progress.moved("mix", block[0].length / sampleRate);
      yield interleaved(block);
      progress.moved("encode", block[0].length / sampleRate);
    }
  }
  const options = {
    path: join(await context.tempDir(), `cover.${format.container}`),
    format: format.container,
    binaries: () => context.binaries(),
    signal: context.signal,
    ...(format.container === "mp3"
      ? { bitrate: format.bitrate }
      : { wav: format.bits === 24 ? ({ samples: "s24" } as const) : ({ samples: "s16", dither: true } as const) }),
  };
  const made = await context.clock.time("encode", () =>
    encodeAudio({ sampleRate, channels: 2, chunks: chunks() }, options),
  );
  progress.finish();
  return made;
}

async function tracksOf(
  request: CoverRequest,
  sampleRate: number,
  progress: CoverProgress,
  context: PipelineContext,
): Promise<StereoStream[]> {
  const { gains, pitchOfAll, instrument, backup, tap } = request;
  const seen = (track: CoverTrack, sound: StereoStream): StereoStream => tap?.(track, sound, sampleRate) ?? sound;
  const accompaniment = (track: CoverTrack, stem: Stem, level: number): StereoStream => {
    const sound = counted(stereoSound(stem, sampleRate, context), (samples) =>
      progress.moved("decode", samples / sampleRate),
    );
    const inKey = pitchOfAll === 0 ? sound : through(sound, new PitchShifter(sampleRate, 2, pitchOfAll));
    const ready = context.clock.timeEach("decode", readAhead(inKey, AHEAD));
    return amplified(seen(track, ready), gainOf(level));
  };
  const main = await vocalTrack(request, sampleRate, progress, context);
  return [
    amplified(seen("main", main), gainOf(LEVEL.main + gains.main)),
    accompaniment("instrument", instrument, LEVEL.instrument + gains.instrument),
    ...(backup ? [accompaniment("backup", backup, LEVEL.backup + gains.backup)] : []),
  ];
}

async function* counted(stream: StereoStream, tell: (samples: number) => void): AsyncGenerator<StereoBlock, void> {
  for await (const block of stream) {
    tell(block[0].length);
    yield block;
  }
}

/** The least rate that takes all that the stems have, or the highest there is. */
function rateOf({ vocal, instrument, backup }: CoverRequest): number {
  const highest = Math.max(vocal.sampleRate, instrument.sampleRate, backup?.sampleRate ?? 0);
  return RATES.find((rate) => rate >= highest) ?? RATES[1];
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
