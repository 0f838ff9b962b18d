import { AppError } from "../../../errors.ts";
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import { BlockCutter } from "./blocks.ts";
import { ProfileBuilder } from "./profile.ts";
import { F0_CEILING, F0_FLOOR } from "./protocol.ts";
import type { VoiceThreads } from "./threads.ts";

/** Seconds of a block, of voice that are enough, of anything that is read, and of voice at least. */
const BLOCK_SECONDS = 6;
const ENOUGH_SECONDS = 60;
const MOST_READ_SECONDS = 300;
const LEAST_SECONDS = 1;

const ADVICE = "Send 3 to 60 seconds of one person speaking clearly, without music.";

/**
 * What is to be known of the speaker of a recording.
 * @throws AppError `invalid_audio` where there is less than a second of voice; `cancelled`, `engine_failed`
 */
export async function measureReference(
  { sampleRate, blocks }: MonoStream,
  threads: VoiceThreads,
  signal: AbortSignal,
): Promise<VoiceProfile> {
  const cutter = new BlockCutter(sampleRate, BLOCK_SECONDS);
  const { hop } = cutter;
  const builder = new ProfileBuilder(sampleRate);
  let samplesRead = 0;
  for await (const block of cutter.cut(blocks)) {
    const { samples, firstFrame, frames, length } = block;
    const grid = { samples, sampleRate, hop };
    const f0 = await threads.run(
      { kind: "pitch", method: "harvest", ...grid, floor: F0_FLOOR, ceiling: F0_CEILING },
      signal,
    );
    const own = f0.map((hz, i) => (i >= firstFrame && i < firstFrame + frames ? hz : 0));
    if (own.some((hz) => hz > 0)) builder.add(await threads.run({ kind: "measure", ...grid, f0: own }, signal));
    samplesRead += length;
    if (builder.voicedSeconds >= ENOUGH_SECONDS || samplesRead >= MOST_READ_SECONDS * sampleRate) break;
  }
  const voiced = builder.voicedSeconds;
  if (voiced === 0) {
    const length = (samplesRead / sampleRate).toFixed(1);
    throw new AppError("invalid_audio", `There is no voice in this recording of ${length} s. ${ADVICE}`);
  }
  if (voiced < LEAST_SECONDS) {
    throw new AppError(
      "invalid_audio",
      `This recording has ${voiced.toFixed(1)} s of voice; a second is the least. ${ADVICE}`,
    );
  }
  return builder.build();
}
