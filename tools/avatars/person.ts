/** A person is a set of geometry, colours and the three painters that differ in kind: torso, back hair, front hair. */
import type { Path2D } from "@napi-rs/canvas";
import type { RoomSpec } from "./background.ts";
import type { Point } from "./math.ts";
import type { Context, Surface } from "./raster.ts";
import type { BrowSpec, EyeSpec, FaceSpec, MouthSpec, SkinColours } from "./spec.ts";

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Name of the voice in `models/voices/` that suits the person. */
  readonly voice: string;
  readonly seed: number;
  readonly face: FaceSpec;
  readonly skin: SkinColours;
  readonly eye: EyeSpec;
  readonly brow: BrowSpec;
  readonly mouth: MouthSpec;
  /** Visible neck, absolute u; keeps the chin shadow on the skin. */
  readonly neck: Path2D;
  /** Neck base, u; the head turns about it. */
  readonly pivot: Point;
  readonly shoulderY: number;
  readonly jaw: { readonly from_y: number; readonly to_y: number; readonly drop: number };
  readonly room: RoomSpec;
  readonly paintTorso: () => Surface;
  readonly paintBackHair: (() => Surface) | undefined;
  /** Draws hair, ears and hair shadow; called with the face already painted on `ctx`. `behind` is drawn under the face. */
  readonly paintFrontHair: (ctx: Context, face: Surface) => void;
  /** Last touches on the bare face, such as a shaved beard. */
  readonly finishSkin?: (ctx: Context) => void;
  readonly paintEars?: (ctx: Context) => void;
}
