import type { VideoFrame } from "../../src/media/encode-video.ts";

/** Counts frames that were handed out and not released, and the most there ever were. */
export class FramePool {
  out = 0;
  most = 0;

  lend(data: Uint8Array): VideoFrame {
    this.out += 1;
    this.most = Math.max(this.most, this.out);
    let released = false;
    return {
      data,
      release: () => {
        if (released) throw new Error("a frame was released twice");
        released = true;
        this.out -= 1;
      },
    };
  }
}

/**
 * Pictures like those of a talking head: a textured still background, a head that sways by a few pixels, a mouth that
 * opens and closes. Planar 4:2:0. A cycle of `count` pictures, drawn once.
 */
export function drawTalkingHead(width: number, height: number, count = 50): readonly Uint8Array[] {
  const [w2, h2] = [width / 2, height / 2];
  return Array.from({ length: count }, (_, index) => {
    const data = new Uint8Array(width * height * 1.5);
    const phase = (2 * Math.PI * index) / count;
    const cx = w2 + 3 * Math.sin(phase);
    const cy = h2 + 2 * Math.cos(phase);
    const open = Math.abs(Math.sin(phase * 6)) * height * 0.04 + 1;
    const radius = height * 0.3;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inHead = ((x - cx) / radius) ** 2 + ((y - cy) / (radius * 1.3)) ** 2 < 1;
        const inMouth = ((x - cx) / (height * 0.08)) ** 2 + ((y - cy - radius * 0.6) / open) ** 2 < 1;
        const shade = inHead ? 160 - 40 * Math.hypot((x - cx) / radius, (y - cy) / radius) : 60 + (x * 60) / width;
        const grain = inHead
          ? 4 * Math.sin((x - cx) * 0.7) * Math.sin((y - cy) * 0.9)
          : 9 * Math.sin(x * 0.21) * Math.cos(y * 0.33) + (((x * 7 + y * 13) % 11) - 5);
        data[y * width + x] = inMouth ? 40 : shade + grain;
        if (y % 2 === 0 && x % 2 === 0) {
          const at = width * height + (y / 2) * w2 + x / 2;
          data[at] = inMouth ? 120 : inHead ? 112 : 138;
          data[at + w2 * h2] = inMouth ? 160 : inHead ? 148 : 120;
        }
      }
    }
    return data;
  });
}

/** `count` frames that cycle through `pictures`; `delayMs` before each. */
export async function* framesOf(
  pictures: readonly Uint8Array[],
  count: number,
  pool = new FramePool(),
  delayMs = 0,
): AsyncGenerator<VideoFrame> {
  for (let index = 0; index < count; index++) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    yield pool.lend(pictures[index % pictures.length] as Uint8Array);
  }
}

/** `seconds` of a tone with a vibrato, interleaved, in chunks of a tenth of a second; `delayMs` before each. */
export async function* toneOf(
  sampleRate: number,
  seconds: number,
  channels: 1 | 2 = 1,
  delayMs = 0,
): AsyncGenerator<Float32Array> {
  const total = Math.round(sampleRate * seconds);
  const step = Math.round(sampleRate / 10);
  for (let start = 0; start < total; start += step) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const count = Math.min(step, total - start);
    const chunk = new Float32Array(count * channels);
    for (let index = 0; index < count; index++) {
      const t = (start + index) / sampleRate;
      const value = 0.4 * Math.sin(2 * Math.PI * (220 * t + Math.sin(12 * t)));
      for (let channel = 0; channel < channels; channel++) chunk[index * channels + channel] = value;
    }
    yield chunk;
  }
}
