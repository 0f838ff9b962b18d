import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import sharp from "sharp";
import { ASPECTS, frameSize, type LipsyncOptions, RESOLUTIONS } from "../../src/engines/lipsync/lipsync-engine.ts";
import { compose } from "../../src/engines/lipsync/rig/composition.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { toRgb } from "./i420.ts";
import { BABBLE, partOf, silence, spoken } from "./speech.ts";

const engine = createRigEngine({ modelsDir: join(import.meta.dirname, "../../models") });
const PART = partOf(BABBLE);

async function frames(options: Partial<LipsyncOptions>, count = 3, part = PART): Promise<Uint8Array[]> {
  const wanted = { avatar: "new_talk_short", resolution: "360p", fps: 25, frameSkip: 1, ...options } as const;
  const shown: Uint8Array[] = [];
  for await (const frame of engine.render(spoken(part), wanted, new AbortController().signal)) {
    shown.push(frame.data.slice());
    frame.release();
    if (shown.length === count) break;
  }
  return shown;
}

/** The colour of a pixel of a frame. */
function colourAt(frame: Uint8Array, [width, height]: readonly [number, number], x: number, y: number): number[] {
  const at = 3 * (y * width + x);
  return [...toRgb(frame, width, height).subarray(at, at + 3)];
}

const near = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, channel) => Math.abs(value - (b[channel] ?? 0)) <= 4);

it("people stand whole pixels in every shape and size, chroma too", () => {
  for (const resolution of Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[]) {
    for (const aspect of ASPECTS) {
      const [width, height] = frameSize(resolution, aspect);
      const made = compose(width, height, aspect);
      for (const value of Object.values(made)) assert.equal(value % 2, 0, JSON.stringify(made));
      assert.ok(made.left >= 0 && made.top >= 0 && made.innerWidth >= width && made.innerHeight <= height);
      assert.ok(Math.abs(made.innerWidth / made.innerHeight - 16 / 9) < 0.01, JSON.stringify(made));
    }
  }
});

for (const aspect of ASPECTS) {
  it(`a person stands before a colour at ${aspect}, frame after frame`, async () => {
    const size = frameSize("360p", aspect);
    const [width, height] = size;
    const blue = [27, 58, 92];
    const shown = await frames({ aspect, background: { colour: "#1b3a5c" } });
    assert.equal(shown.length, 3);
    for (const frame of shown) {
      assert.equal(frame.length, width * height * 1.5);
      for (const x of [2, width - 3]) assert.ok(near(colourAt(frame, size, x, 2), blue), `corner ${x}`);
      // The clothes at the foot, and the face above them.
      assert.ok(!near(colourAt(frame, size, width >> 1, height - 3), blue));
      assert.ok(!near(colourAt(frame, size, width >> 1, height - Math.round(width * 0.4)), blue));
    }
    assert.ok(Buffer.compare(shown[0] as Uint8Array, shown[2] as Uint8Array) !== 0, "the person lives");
  });
}

it("a picture fills what is behind, its middle where the shapes differ", async () => {
  const folder = await mkdtemp(join(tmpdir(), "talkbox-background-"));
  try {
    // Green in the middle third of its width, red beside it: an upright frame shows the middle.
    const picture = join(folder, "wide.png");
    const middle = await sharp({ create: { width: 300, height: 300, channels: 3, background: "#20a040" } })
      .png()
      .toBuffer();
    await sharp({ create: { width: 900, height: 300, channels: 3, background: "#c02020" } })
      .composite([{ input: middle, left: 300, top: 0 }])
      .png()
      .toFile(picture);
    const [frame] = await frames({ aspect: "9:16", background: { picture } }, 1);
    const size = frameSize("360p", "9:16");
    for (const x of [4, 180, 355]) {
      assert.ok(near(colourAt(frame as Uint8Array, size, x, 20), [32, 160, 64]), String(x));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("a person's own background is there in other shapes, and nothing changes at 16:9", async () => {
  const [plain] = await frames({}, 1);
  const [again] = await frames({ aspect: "16:9" }, 1);
  assert.equal(Buffer.compare(plain as Uint8Array, again as Uint8Array), 0);
  const [square] = await frames({ aspect: "1:1" }, 1);
  const [width, height] = frameSize("360p", "1:1");
  // The same wall, a little beside the head.
  const wide = colourAt(plain as Uint8Array, [640, 360], 140 + 20, 30);
  assert.ok(near(colourAt(square as Uint8Array, [width, height], 20, 30), wide));
});

it("a video's later part goes on with the life of its first", async () => {
  const quiet = silence(2);
  const whole = await frames({}, 21, quiet);
  const [started] = await frames({ firstFrame: 20 }, 1, quiet);
  const same = (a: Uint8Array | undefined): boolean => Buffer.compare(a ?? Buffer.of(), started as Uint8Array) === 0;
  assert.ok(same(whole[20]), "frame 20 of the whole");
  assert.ok(!same(whole[0]), "and not its first");
});
