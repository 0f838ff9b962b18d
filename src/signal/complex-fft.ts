type Stage = {
  readonly radix: 2 | 3 | 4 | 5;
  /** Length of what is left to transform before this stage, divided by the radix. */
  readonly parts: number;
  /** cos and −sin of 2π·p·k/n for k in 1…radix−1 of each p. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;
};

const RADICES = [4, 2, 3, 5] as const;

const SIN_60 = Math.sqrt(3) / 2;
const COS_72 = Math.cos((2 * Math.PI) / 5);
const COS_144 = Math.cos((4 * Math.PI) / 5);
const SIN_72 = Math.sin((2 * Math.PI) / 5);
const SIN_144 = Math.sin((4 * Math.PI) / 5);

/** A complex transform of a size of factors 2, 3 and 5, in stages that sort themselves (Stockham). */
export class ComplexFft {
  readonly size: number;
  readonly #stages: readonly Stage[];
  /** Values in, and the transform's. */
  re: Float64Array;
  im: Float64Array;
  #otherRe: Float64Array;
  #otherIm: Float64Array;

  /** Whether there is a transform of this size. */
  static takes(size: number): boolean {
    return factorsOf(size) !== undefined;
  }

  /** @throws RangeError for a size with a prime factor above 5 */
  constructor(size: number) {
    const factors = factorsOf(size);
    if (!factors) throw new RangeError(`A transform of ${size} has a factor above 5.`);
    this.size = size;
    let length = size;
    this.#stages = factors.map((radix) => {
      const parts = length / radix;
      const cos = new Float64Array(parts * (radix - 1));
      const sin = new Float64Array(parts * (radix - 1));
      for (let p = 0; p < parts; p++) {
        for (let k = 1; k < radix; k++) {
          const angle = (2 * Math.PI * p * k) / length;
          cos[p * (radix - 1) + k - 1] = Math.cos(angle);
          sin[p * (radix - 1) + k - 1] = -Math.sin(angle);
        }
      }
      length = parts;
      return { radix, parts, cos, sin };
    });
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
    this.#otherRe = new Float64Array(size);
    this.#otherIm = new Float64Array(size);
  }

  /** Transforms `re` and `im`, which are other arrays afterwards. */
  forward(): void {
    let stride = 1;
    for (const stage of this.#stages) {
      this.#run(stage, stride);
      [this.re, this.#otherRe] = [this.#otherRe, this.re];
      [this.im, this.#otherIm] = [this.#otherIm, this.im];
      stride *= stage.radix;
    }
  }

  /** Transforms back, `size` times as large. */
  inverse(): void {
    [this.re, this.im] = [this.im, this.re];
    this.forward();
    [this.re, this.im] = [this.im, this.re];
  }

  #run(stage: Stage, stride: number): void {
    if (stage.radix === 4) this.#runFour(stage, stride);
    else if (stage.radix === 2) this.#runTwo(stage, stride);
    else if (stage.radix === 3) this.#runThree(stage, stride);
    else this.#runFive(stage, stride);
  }

  #runTwo({ parts, cos, sin }: Stage, stride: number): void {
    const re = this.re;
    const im = this.im;
    const toRe = this.#otherRe;
    const toIm = this.#otherIm;
    const step = this.size / 2;
    for (let p = 0; p < parts; p++) {
      const c1 = cos[p] as number;
      const s1 = sin[p] as number;
      const end = stride * (p + 1);
      for (let from = stride * p, to = 2 * stride * p; from < end; from++, to++) {
        const x0 = re[from] as number;
        const y0 = im[from] as number;
        const x1 = re[from + step] as number;
        const y1 = im[from + step] as number;
        const apartX = x0 - x1;
        const apartY = y0 - y1;
        toRe[to] = x0 + x1;
        toIm[to] = y0 + y1;
        toRe[to + stride] = apartX * c1 - apartY * s1;
        toIm[to + stride] = apartX * s1 + apartY * c1;
      }
    }
  }

  #runThree({ parts, cos, sin }: Stage, stride: number): void {
    const re = this.re;
    const im = this.im;
    const toRe = this.#otherRe;
    const toIm = this.#otherIm;
    const step = this.size / 3;
    for (let p = 0; p < parts; p++) {
      const c1 = cos[2 * p] as number;
      const s1 = sin[2 * p] as number;
      const c2 = cos[2 * p + 1] as number;
      const s2 = sin[2 * p + 1] as number;
      const end = stride * (p + 1);
      for (let from = stride * p, to = 3 * stride * p; from < end; from++, to++) {
        const x0 = re[from] as number;
        const y0 = im[from] as number;
        const x1 = re[from + step] as number;
        const y1 = im[from + step] as number;
        const x2 = re[from + 2 * step] as number;
        const y2 = im[from + 2 * step] as number;
        const midX = x0 - 0.5 * (x1 + x2);
        const midY = y0 - 0.5 * (y1 + y2);
        const sideX = SIN_60 * (y1 - y2);
        const sideY = -SIN_60 * (x1 - x2);
        const firstX = midX + sideX;
        const firstY = midY + sideY;
        const lastX = midX - sideX;
        const lastY = midY - sideY;
        toRe[to] = x0 + x1 + x2;
        toIm[to] = y0 + y1 + y2;
        toRe[to + stride] = firstX * c1 - firstY * s1;
        toIm[to + stride] = firstX * s1 + firstY * c1;
        toRe[to + 2 * stride] = lastX * c2 - lastY * s2;
        toIm[to + 2 * stride] = lastX * s2 + lastY * c2;
      }
    }
  }

  #runFive({ parts, cos, sin }: Stage, stride: number): void {
    const re = this.re;
    const im = this.im;
    const toRe = this.#otherRe;
    const toIm = this.#otherIm;
    const step = this.size / 5;
    for (let p = 0; p < parts; p++) {
      const c1 = cos[4 * p] as number;
      const s1 = sin[4 * p] as number;
      const c2 = cos[4 * p + 1] as number;
      const s2 = sin[4 * p + 1] as number;
      const c3 = cos[4 * p + 2] as number;
      const s3 = sin[4 * p + 2] as number;
      const c4 = cos[4 * p + 3] as number;
      const s4 = sin[4 * p + 3] as number;
      const end = stride * (p + 1);
      for (let from = stride * p, to = 5 * stride * p; from < end; from++, to++) {
        const x0 = re[from] as number;
        const y0 = im[from] as number;
        const x1 = re[from + step] as number;
        const y1 = im[from + step] as number;
        const x2 = re[from + 2 * step] as number;
        const y2 = im[from + 2 * step] as number;
        const x3 = re[from + 3 * step] as number;
        const y3 = im[from + 3 * step] as number;
        const x4 = re[from + 4 * step] as number;
        const y4 = im[from + 4 * step] as number;
        const outX = x1 + x4;
        const outY = y1 + y4;
        const outDx = x1 - x4;
        const outDy = y1 - y4;
        const inX = x2 + x3;
        const inY = y2 + y3;
        const inDx = x2 - x3;
        const inDy = y2 - y3;
        const nearX = x0 + COS_72 * outX + COS_144 * inX;
        const nearY = y0 + COS_72 * outY + COS_144 * inY;
        const farX = x0 + COS_144 * outX + COS_72 * inX;
        const farY = y0 + COS_144 * outY + COS_72 * inY;
        const nearSideX = SIN_72 * outDy + SIN_144 * inDy;
        const nearSideY = -SIN_72 * outDx - SIN_144 * inDx;
        const farSideX = SIN_144 * outDy - SIN_72 * inDy;
        const farSideY = -SIN_144 * outDx + SIN_72 * inDx;
        const firstX = nearX + nearSideX;
        const firstY = nearY + nearSideY;
        const secondX = farX + farSideX;
        const secondY = farY + farSideY;
        const thirdX = farX - farSideX;
        const thirdY = farY - farSideY;
        const lastX = nearX - nearSideX;
        const lastY = nearY - nearSideY;
        toRe[to] = x0 + outX + inX;
        toIm[to] = y0 + outY + inY;
        toRe[to + stride] = firstX * c1 - firstY * s1;
        toIm[to + stride] = firstX * s1 + firstY * c1;
        toRe[to + 2 * stride] = secondX * c2 - secondY * s2;
        toIm[to + 2 * stride] = secondX * s2 + secondY * c2;
        toRe[to + 3 * stride] = thirdX * c3 - thirdY * s3;
        toIm[to + 3 * stride] = thirdX * s3 + thirdY * c3;
        toRe[to + 4 * stride] = lastX * c4 - lastY * s4;
        toIm[to + 4 * stride] = lastX * s4 + lastY * c4;
      }
    }
  }

  /** The stage that takes most of the time: all but a factor or two are 4. */
  #runFour({ parts, cos, sin }: Stage, stride: number): void {
    const re = this.re;
    const im = this.im;
    const toRe = this.#otherRe;
    const toIm = this.#otherIm;
    const step = this.size / 4;
    for (let p = 0; p < parts; p++) {
      const c1 = cos[3 * p] as number;
      const s1 = sin[3 * p] as number;
      const c2 = cos[3 * p + 1] as number;
      const s2 = sin[3 * p + 1] as number;
      const c3 = cos[3 * p + 2] as number;
      const s3 = sin[3 * p + 2] as number;
      const end = stride * (p + 1);
      for (let from = stride * p, to = 4 * stride * p; from < end; from++, to++) {
        const x0 = re[from] as number;
        const y0 = im[from] as number;
        const x1 = re[from + step] as number;
        const y1 = im[from + step] as number;
        const x2 = re[from + 2 * step] as number;
        const y2 = im[from + 2 * step] as number;
        const x3 = re[from + 3 * step] as number;
        const y3 = im[from + 3 * step] as number;
        const evenX = x0 + x2;
        const evenY = y0 + y2;
        const oddX = x1 + x3;
        const oddY = y1 + y3;
        const firstX = x0 - x2 + (y1 - y3);
        const firstY = y0 - y2 - (x1 - x3);
        const midX = evenX - oddX;
        const midY = evenY - oddY;
        const lastX = x0 - x2 - (y1 - y3);
        const lastY = y0 - y2 + (x1 - x3);
        toRe[to] = evenX + oddX;
        toIm[to] = evenY + oddY;
        toRe[to + stride] = firstX * c1 - firstY * s1;
        toIm[to + stride] = firstX * s1 + firstY * c1;
        toRe[to + 2 * stride] = midX * c2 - midY * s2;
        toIm[to + 2 * stride] = midX * s2 + midY * c2;
        toRe[to + 3 * stride] = lastX * c3 - lastY * s3;
        toIm[to + 3 * stride] = lastX * s3 + lastY * c3;
      }
    }
  }
}

function factorsOf(size: number): (typeof RADICES)[number][] | undefined {
  if (!Number.isSafeInteger(size) || size < 1) return undefined;
  const factors: (typeof RADICES)[number][] = [];
  let left = size;
  for (const factor of RADICES) {
    while (left % factor === 0) {
      factors.push(factor);
      left /= factor;
    }
  }
  return left === 1 ? factors : undefined;
}
