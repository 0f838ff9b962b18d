/**
 * Voicing as D4C sees it: a voiced frame has most of its power below 4 kHz.
 * M. Morise: *D4C Love Train*, the voiced/unvoiced decision that belongs to D4C.
 */
import { RealFft } from "./fft.ts";
import type { PitchWindow } from "./pitch-window.ts";

/** Lowest f0 that a window is made for, in Hz. */
const LOWEST_F0 = 40;
const PERIODS = 3;
/** Power is counted from the first frequency, to the second and to the third, in Hz. */
const FROM_HZ = 100;
const MIDDLE_HZ = 4000;
const TO_HZ = 7900;

/** Measures one frame after another in buffers of its own. */
export class VoicingMeter {
  readonly #window: PitchWindow;
  readonly #fft: RealFft;
  readonly #from: number;
  readonly #middle: number;
  readonly #to: number;

  constructor(window: PitchWindow, sampleRate: number) {
    const size = 2 ** (1 + Math.trunc(Math.log2((PERIODS * sampleRate) / LOWEST_F0 + 1)));
    const bin = (hz: number): number => Math.min(size / 2, Math.ceil((hz * size) / sampleRate));
    this.#window = window;
    this.#fft = new RealFft(size);
    this.#from = bin(FROM_HZ);
    this.#middle = bin(MIDDLE_HZ);
    this.#to = bin(TO_HZ);
  }

  /** Share of the power between 0.1 and 7.9 kHz (or Nyquist) that lies below 4 kHz. */
  share(time: number, f0: number): number {
    const { waveform, spectrum } = this.#fft;
    const length = this.#window.cut(time, Math.max(f0, LOWEST_F0), PERIODS, "blackman", waveform);
    waveform.fill(0, length);
    this.#fft.forward();
    let sum = 0;
    let below = 0;
    for (let j = this.#from + 1; j <= this.#to; j++) {
      sum += (spectrum[2 * j] as number) ** 2 + (spectrum[2 * j + 1] as number) ** 2;
      if (j === this.#middle) below = sum;
    }
    return below / sum;
  }
}
