/** One picture as separate planes, 4:2:0, BT.709 limited range; the planes may be views of one I420 buffer. */
export type FramePlanes = {
  readonly width: number;
  readonly height: number;
  readonly chromaWidth: number;
  readonly chromaHeight: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
};

/** Bytes of an I420 picture. */
export function frameBytes(width: number, height: number): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/** Planes that are views of `data`: Y, then U, then V. */
export function planesOf(data: Uint8Array, width: number, height: number): FramePlanes {
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const luma = width * height;
  const chroma = chromaWidth * chromaHeight;
  return {
    width,
    height,
    chromaWidth,
    chromaHeight,
    y: data.subarray(0, luma),
    u: data.subarray(luma, luma + chroma),
    v: data.subarray(luma + chroma, luma + 2 * chroma),
  };
}

/** Copies rows `from` up to `to` (luma rows, even) from one picture to another of the same size. */
export function copyRows(target: FramePlanes, source: FramePlanes, from: number, to: number): void {
  const { width, chromaWidth } = target;
  target.y.set(source.y.subarray(from * width, to * width), from * width);
  const first = (from >> 1) * chromaWidth;
  const last = ((to + 1) >> 1) * chromaWidth;
  target.u.set(source.u.subarray(first, last), first);
  target.v.set(source.v.subarray(first, last), first);
}
