import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { createDioEngine } from "../../src/engines/pitch/dio/dio-engine.ts";
import { createHarvestEngine } from "../../src/engines/pitch/harvest/harvest-engine.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { dio, harvest, stoneMask } from "../../src/signal/world/index.ts";
import { concat } from "../voice/sound.ts";

const engines = { harvest: createHarvestEngine(), dio: createDioEngine() };
after(() => Promise.all(Object.values(engines).map((engine) => engine[Symbol.asyncDispose]())));

const clip = parseWav(readFileSync(join(import.meta.dirname, "../signal/world/goldens/speech.wav")));
const { sampleRate } = clip;
/** Long enough for several blocks. */
const samples = concat(Array.from({ length: 8 }, () => clip.channels[0] as Float32Array));
const range = { floor: 71, ceiling: 800 };

for (const method of ["harvest", "dio"] as const) {
  test(`${method} in blocks is nearly what it is on the whole`, async () => {
    const options = { ...range, hopSeconds: 0.005 };
    const { values } = await engines[method].estimate({ sampleRate, samples }, options, new AbortController().signal);
    const track = (method === "dio" ? dio : harvest)(samples, sampleRate, range);
    const whole = method === "dio" ? stoneMask(samples, sampleRate, track.f0, track.times) : track.f0;
    assert.equal(values.length, whole.length);
    let sameVoicing = 0;
    const off: number[] = [];
    for (const [i, hz] of whole.entries()) {
      const own = values[i] as number;
      if (hz > 0 === own > 0) sameVoicing++;
      if (hz > 0 && own > 0) off.push(Math.abs(own / hz - 1));
    }
    assert.ok(sameVoicing / whole.length > 0.98, `${sameVoicing} of ${whole.length}`);
    assert.ok(off.filter((share) => share < 0.005).length > 0.97 * off.length);
  });
}
