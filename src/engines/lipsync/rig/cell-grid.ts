/** Output pixels, luma, per side of a cell at 720p; even at every size, so that cells hold whole chroma samples. */
const CELL_AT_720 = 16;

/**
 * The corners of the frame's cells and the texture place that each one shows, in luma texels. A cell is small
 * against every bend of the warp, so that bilinear within it is as good as exact.
 */
export type CellGrid = {
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  /** Corners per row. */
  readonly stride: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
};

/** Cells of a frame of the given size. */
function shapeOf(width: number, height: number) {
  const cell = Math.max(8, 2 * Math.round((CELL_AT_720 * height) / 1440));
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  return { cell, columns, rows, stride: columns + 1, corners: (columns + 1) * (rows + 1) };
}

/** Sizes of what a grid and what its cells see take, bytes. */
export function gridSizes(width: number, height: number): readonly number[] {
  const { columns, rows, corners } = shapeOf(width, height);
  return [8 * corners, 8 * corners, columns * rows];
}

/**
 * A grid for a frame of the given size, all corners at 0.
 * @param doubles gives room for the corners
 */
export function createGrid(width: number, height: number, doubles: (length: number) => Float64Array): CellGrid {
  const { cell, columns, rows, stride, corners } = shapeOf(width, height);
  return { cell, columns, rows, stride, x: doubles(corners), y: doubles(corners) };
}

/** A rectangle of cells: first column and row, and one past the last. */
export type CellRange = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

/** The cells that a rectangle in output pixels touches, within the frame. */
export function cellsOf(grid: CellGrid, left: number, top: number, right: number, bottom: number): CellRange {
  return {
    left: Math.max(0, Math.floor(left / grid.cell)),
    top: Math.max(0, Math.floor(top / grid.cell)),
    right: Math.min(grid.columns, Math.ceil(right / grid.cell)),
    bottom: Math.min(grid.rows, Math.ceil(bottom / grid.cell)),
  };
}
