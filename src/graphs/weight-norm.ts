import type { Numbers, Weights } from "./weights.ts";

/** What a length and a direction are called: by the older and by the newer of PyTorch's two ways. */
const NAMES: readonly (readonly [length: string, direction: string])[] = [
  ["weight_g", "weight_v"],
  ["parametrizations.weight.original0", "parametrizations.weight.original1"],
];

/**
 * A weight that is kept as length and direction (Salimans & Kingma 2016, "Weight Normalization"), put together:
 * length · direction / ‖direction‖, the norm taken over all axes but one. A checkpoint in which that was done before has
 * it under its own name.
 * @param axis the one that has a length for each of its places; PyTorch's `dim`
 * @throws AppError `model_unusable` when a part is missing or of another shape
 */
export function weightNorm(w: Weights, key: string, shape: readonly number[], axis = 0): Numbers {
  const names = NAMES.find(([length]) => w.has(`${key}.${length}`));
  if (!names) return w.numbers(`${key}.weight`, shape);
  const [lengthName, directionName] = names;
  const lengths = w.numbers(
    `${key}.${lengthName}`,
    shape.map((side, i) => (i === axis ? side : 1)),
  );
  const direction = w.numbers(`${key}.${directionName}`, shape);
  const places = shape[axis] as number;
  const run = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return async () => {
    const [scales, values] = await Promise.all([lengths(), direction()]);
    // By loops over runs of one place: callbacks and divisions for each of millions of numbers take seconds.
    const squares = new Float64Array(places);
    for (let from = 0, place = 0; from < values.length; from += run, place = (place + 1) % places) {
      let sum = 0;
      for (let i = from; i < from + run; i++) sum += (values[i] as number) ** 2;
      squares[place] = (squares[place] as number) + sum;
    }
    // A direction of zeros has none: PyTorch makes NaN of it, here it stays zero.
    const factors = squares.map((square, i) => (square === 0 ? 0 : (scales[i] as number) / Math.sqrt(square)));
    const out = new Float32Array(values.length);
    for (let from = 0, place = 0; from < values.length; from += run, place = (place + 1) % places) {
      const factor = factors[place] as number;
      for (let i = from; i < from + run; i++) out[i] = (values[i] as number) * factor;
    }
    return out;
  };
}
