import { join } from "node:path";
import { type AvatarProfile, writeProfile } from "../../src/library/avatar-profile.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { encodeVideo } from "../../src/media/encode-video.ts";
import { MARKS } from "../photo/astronaut.ts";

/** Fills a folder with a video avatar whose pictures are of one grey each. @param luma from 16 to 235 */
export async function filmPerson(folder: string, frames: number, luma: (frame: number) => number): Promise<void> {
  const [width, height] = [640, 480];
  async function* pictures() {
    for (let i = 0; i < frames; i++) {
      const data = new Uint8Array((width * height * 3) / 2).fill(128);
      data.fill(luma(i), 0, width * height);
      yield { data, release() {} };
    }
  }
  async function* sound() {
    yield new Float32Array(1920 * frames);
  }
  await encodeVideo({
    frames: pictures(),
    audio: sound(),
    sampleRate: 48_000,
    channels: 1,
    width,
    height,
    fps: 25,
    format: "mp4",
    path: join(folder, "video.mp4"),
    binaries: await resolveBinaries(),
    signal: new AbortController().signal,
  });
  const profile: AvatarProfile = {
    version: 1,
    kind: "video",
    description: "",
    video: "video.mp4",
    fps: 25,
    frames,
    track: Array.from({ length: frames }, () => [1, 0, 0, 0]),
    width,
    height,
    marks: MARKS,
    found_by: "test",
  };
  await writeProfile(folder, profile);
}
