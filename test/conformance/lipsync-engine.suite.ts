import assert from "node:assert/strict";
import { test } from "node:test";
import { type LipsyncEngine, type LipsyncOptions, RESOLUTIONS } from "../../src/engines/lipsync/lipsync-engine.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";

const RATE = 24_000;

/** Parts of a tone between silences: no engine needs more to be held to its contract. */
async function* tones(...seconds: readonly number[]): AsyncGenerator<SpeechPart> {
  for (const length of seconds) {
    const samples = new Float32Array(Math.round(length * RATE));
    for (let i = 2400; i < samples.length - 2400; i += 1) samples[i] = 0.3 * Math.sin((2 * Math.PI * 220 * i) / RATE);
    yield { text: "", language: "und", audio: { sampleRate: RATE, samples } };
  }
}

/** What every lip-sync engine must do. `avatar` is one of its base ids. */
export function lipsyncEngineSuite(name: string, engine: LipsyncEngine, avatar: string): void {
  const options: LipsyncOptions = { avatar, resolution: "360p", fps: 25, frameSkip: 1 };
  const never = new AbortController().signal;

  test(`${name} declares itself`, async () => {
    assert.equal(engine.info.kind, "lipsync");
    assert.ok(engine.info.license.length > 0 && engine.info.description.length > 0);
    const state = await engine.availability();
    assert.ok(state.available || (state.reason && state.remedy));
  });

  test(`${name} lists its avatars with unique ids that end in their size`, async () => {
    const avatars = await engine.avatars();
    assert.ok(avatars.some(({ person, loop }) => `${person}_${loop}` === avatar));
    assert.equal(new Set(avatars.map(({ id }) => id)).size, avatars.length);
    for (const { id, person, loop, resolution } of avatars) assert.equal(id, `${person}_${loop}_${resolution}`);
  });

  for (const lengths of [[0.5], [1.013], [0.61, 0.37, 0.503], [0.02]]) {
    test(`${name} makes exactly the frames for parts of ${lengths.join(", ")} s`, async () => {
      let count = 0;
      for await (const frame of engine.render(tones(...lengths), options, never)) {
        assert.equal(frame.index, count);
        count += 1;
        frame.release();
      }
      const samples = lengths.reduce((sum, length) => sum + Math.round(length * RATE), 0);
      assert.equal(count, Math.ceil((samples / RATE) * 25 - 1e-6));
    });
  }

  for (const [resolution, [width, height]] of Object.entries(RESOLUTIONS)) {
    test(`${name} fills the picture at ${resolution}`, async () => {
      const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
      for await (const frame of engine.render(tones(0.2), { ...options, resolution: resolution as "720p" }, never)) {
        assert.equal(frame.data.length, size);
        frame.release();
      }
    });
  }

  test(`${name} holds few frames, whoever is slow to give them back`, async () => {
    const buffers = new Set<ArrayBufferLike>();
    for await (const frame of engine.render(tones(2), options, never)) {
      buffers.add(frame.data.buffer);
      frame.release();
    }
    assert.ok(buffers.size <= 8, `${buffers.size} buffers`);
  });

  test(`${name} refuses an avatar it does not have`, async () => {
    await assert.rejects(
      async () => {
        for await (const frame of engine.render(tones(0.2), { ...options, avatar: "nobody_short" }, never))
          frame.release();
      },
      { code: "not_found" },
    );
  });

  test(`${name} stops when it is told to, and closes the speech it was reading`, async () => {
    const abort = new AbortController();
    let closed = false;
    async function* watched(): AsyncGenerator<SpeechPart> {
      try {
        yield* tones(1, 1, 1, 1);
      } finally {
        closed = true;
      }
    }
    await assert.rejects(async () => {
      for await (const frame of engine.render(watched(), options, abort.signal)) {
        frame.release();
        if (frame.index === 5) abort.abort();
      }
    });
    assert.ok(closed);
  });

  test(`${name} passes on what goes wrong in the speech`, async () => {
    async function* broken(): AsyncGenerator<SpeechPart> {
      yield* tones(0.4);
      throw new Error("the voice broke");
    }
    await assert.rejects(async () => {
      for await (const frame of engine.render(broken(), options, never)) frame.release();
    }, /the voice broke/);
  });
}
