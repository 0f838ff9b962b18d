import type { Box, FaceMarks } from "../../library/face-marks.ts";
import type { Availability } from "../engine.ts";

/** An upright picture: 3 bytes a pixel, sRGB. */
export type RgbPicture = { readonly width: number; readonly height: number; readonly data: Uint8Array };

/** A face that was found. */
export type FoundFace = {
  /** 0…1 */
  readonly score: number;
  readonly marks: FaceMarks;
};

/** Finds faces; holds a thread and some memory until it is disposed of. */
export interface FaceSession extends AsyncDisposable {
  /**
   * Faces in a picture, the one that counts first: the largest, or with `near` the one that fills that box best. Marks
   * are in pixels of the picture.
   * @param near only this part of the picture is searched, with some room around it
   * @throws AppError `cancelled`, `engine_failed`, `timeout`
   */
  find(picture: RgbPicture, near?: Box): Promise<readonly FoundFace[]>;
}

/** Where faces come from. */
export interface FaceFinder {
  readonly id: string;
  /** Looks at files only. */
  availability(): Promise<Availability>;
  /** @throws AppError `engine_unavailable` with the remedy */
  open(signal: AbortSignal): Promise<FaceSession>;
}
