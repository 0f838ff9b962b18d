import { RMVPE_BANDS, RMVPE_HOP, rmvpeBands } from "../../graphs/rmvpe-mel.ts";
import { hannWindow, WindowSpectrum } from "../../signal/stft.ts";

const WINDOW = 1024;
/** Magnitudes under this are silence. */
const FLOOR = 1e-5;

/** What each band hears of each bin; made once. */
let bands: readonly { readonly from: number; readonly weights: Float32Array }[] | undefined;

/**
 * The log-mel that RMVPE hears, where its graph does not make it: [128, frames], a frame each 10 ms, the first centred on
 * the first sample; at its ends the sound is mirrored.
 * @param samples at 16 kHz, more than 512
 * @param multiple frames are mirrored at the end until there are a multiple of so many
 */
export function rmvpeMel(
  samples: Float32Array,
  multiple: number,
): { readonly data: Float32Array<ArrayBuffer>; readonly frames: number } {
  const reach = WINDOW / 2;
  const wide = new Float32Array(samples.length + WINDOW);
  wide.set(samples, reach);
  for (let i = 1; i <= reach; i++) {
    wide[reach - i] = samples[i] as number;
    wide[reach + samples.length - 1 + i] = samples[samples.length - 1 - i] as number;
  }
  const heard = 1 + Math.floor(samples.length / RMVPE_HOP);
  const frames = multiple * Math.ceil(heard / multiple);
  const data = new Float32Array(RMVPE_BANDS * frames);
  const spectrum = new WindowSpectrum(hannWindow(WINDOW), WINDOW);
  const all = (bands ??= heardBins());
  for (let frame = 0; frame < heard; frame++) {
    const power = spectrum.look(wide, frame * RMVPE_HOP);
    for (const [band, { from, weights }] of all.entries()) {
      let sum = 0;
      for (const [i, weight] of weights.entries()) sum += weight * Math.sqrt(power[from + i] as number);
      data[band * frames + frame] = Math.log(Math.max(sum, FLOOR));
    }
  }
  for (let band = 0; band < RMVPE_BANDS; band++) {
    const row = data.subarray(band * frames, (band + 1) * frames);
    for (let frame = heard; frame < frames; frame++) row[frame] = row[2 * heard - 2 - frame] as number;
  }
  return { data, frames };
}

function heardBins(): readonly { readonly from: number; readonly weights: Float32Array }[] {
  const all = rmvpeBands();
  const bins = all.length / RMVPE_BANDS;
  return Array.from({ length: RMVPE_BANDS }, (_, band) => {
    const row = all.subarray(band * bins, (band + 1) * bins);
    const from = row.findIndex((x) => x > 0);
    return { from, weights: row.slice(from, row.findLastIndex((x) => x > 0) + 1) };
  });
}
