import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { SpeechPart } from "../engines/speech/speech-engine.ts";
import { AppError, toAppError } from "../errors.ts";
import type { LiveStream, LiveStreams } from "../media/fragmented-live.ts";
import { packer } from "../media/wav.ts";
import type { PipelineContext } from "./pipeline.ts";

/**
 * Lets others of this process hear speech while it is spoken, as 16-bit samples of one channel.
 * @param announce told the stream's name when there is something to hear
 */
export async function* heardLive(
  parts: AsyncIterable<SpeechPart>,
  context: PipelineContext & { readonly streams: LiveStreams },
  announce: (name: string) => void,
): AsyncGenerator<SpeechPart, void> {
  const pack = packer("s16");
  let live: LiveStream | undefined;
  try {
    for await (const part of parts) {
      if (!live) {
        const name = randomBytes(8).toString("hex");
        live = await context.streams.open(name, join(await context.tempDir(), `${name}.pcm`));
        await live.append(pack(part.audio.samples));
        announce(name);
      } else await live.append(pack(part.audio.samples));
      yield part;
    }
    await live?.end();
  } catch (error) {
    await live?.end(toAppError(error));
    throw error;
  } finally {
    await live?.end(new AppError("cancelled", "The job was cancelled."));
  }
}
