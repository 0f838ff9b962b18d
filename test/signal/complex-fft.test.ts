import assert from "node:assert/strict";
import { test } from "node:test";
import { ComplexFft } from "../../src/signal/complex-fft.ts";

test("transforms of every factor equal the sum that they stand for, and go back", () => {
  for (const size of [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 25, 30, 60, 120, 128, 225, 360]) {
    const fft = new ComplexFft(size);
    const re = Float64Array.from({ length: size }, (_, n) => Math.sin(n * n + 1));
    const im = Float64Array.from({ length: size }, (_, n) => Math.cos(3 * n * n));
    fft.re.set(re);
    fft.im.set(im);
    fft.forward();
    for (let k = 0; k < size; k++) {
      let x = 0;
      let y = 0;
      for (let n = 0; n < size; n++) {
        const angle = (-2 * Math.PI * ((k * n) % size)) / size;
        x += (re[n] as number) * Math.cos(angle) - (im[n] as number) * Math.sin(angle);
        y += (re[n] as number) * Math.sin(angle) + (im[n] as number) * Math.cos(angle);
      }
      const apart = Math.hypot(x - (fft.re[k] as number), y - (fft.im[k] as number));
      assert.ok(apart < 1e-11 * size, `bin ${k} of ${size}: ${apart}`);
    }
    fft.inverse();
    for (let n = 0; n < size; n++) assert.ok(Math.abs((fft.re[n] as number) / size - (re[n] as number)) < 1e-13 * size);
  }
});

test("sizes of other factors are refused", () => {
  assert.throws(() => new ComplexFft(7 * 1024), RangeError);
  assert.ok(![0, -4, 2.5, 7, 11].some((size) => ComplexFft.takes(size)));
  assert.ok([5120, 6144, 7680, 16_384].every((size) => ComplexFft.takes(size)));
});
