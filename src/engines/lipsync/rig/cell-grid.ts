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

/** A grid for a frame of the given size, all corners at 0. */
export function createGrid(width: number, height: number): CellGrid {
  const cell = Math.max(8, 2 * Math.round((CELL_AT_720 * height) / 1440));
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  const stride = columns + 1;
  const corners = stride * (rows + 1);
  return { cell, columns, rows, stride, x: new Float64Array(corners), y: new Float64Array(corners) };
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
