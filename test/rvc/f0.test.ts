import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coarsePitch, notePlace, preparedF0 } from "../../src/engines/voice/rvc/f0.ts";

describe("the pitch as voices take it", () => {
  it("is in notes of equal steps of mel, as the reference counts them", () => {
    const known = { 50: 1, 110: 23.3287, 220: 60.2738, 440: 122.4806, 880: 217.1781, 1100: 255 };
    for (const [hz, place] of Object.entries(known)) assert.ok(Math.abs(notePlace(Number(hz)) - place) < 1e-4, hz);
    const f0 = [0, 0, 0, 0, 220, 225, 230, 235];
    assert.deepEqual([...coarsePitch(f0)].map(Number), [1, 1, 1, 1, 60, 62, 63, 65]);
    assert.deepEqual([...coarsePitch([20, 50, 1100, 2000])].map(Number), [1, 1, 255, 255]);
  });

  it("is shifted by semitones; where there is no voice there is none", () => {
    const f0 = preparedF0(Float64Array.of(0, 220, 330), { method: "rmvpe", semitones: 12, filterRadius: 7 });
    assert.deepEqual([...f0], [0, 440, 660]);
    const down = preparedF0(Float64Array.of(440), { method: "crepe", semitones: -7, filterRadius: 3 });
    assert.ok(Math.abs((down[0] as number) - 293.6648) < 1e-3);
  });

  it("is smoothed by medians of three where Harvest found it and filter_radius is above 2, and always of DIO's", () => {
    const found = Float64Array.of(100, 300, 110, 0, 120, 130, 500);
    const smooth = [100, 110, 110, 110, 120, 130, 130];
    const prepared = (method: string, filterRadius: number): number[] => [
      ...preparedF0(found, { method, semitones: 0, filterRadius }),
    ];
    assert.deepEqual(prepared("harvest", 3), smooth);
    assert.deepEqual(prepared("harvest", 2), [...found]);
    assert.deepEqual(prepared("dio", 0), smooth);
    assert.deepEqual(prepared("rmvpe", 7), [...found]);
    assert.deepEqual(prepared("crepe", 7), [...found]);
  });
});
