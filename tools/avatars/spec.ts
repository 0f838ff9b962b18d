/** What distinguishes one person from another: geometry (u of the 1280x720 frame) and colours (#RRGGBB). */
import type { Point } from "./math.ts";

/** Unit vector toward the key light: x right, y down, z toward the viewer. */
export const LIGHT = [-0.46, -0.5, 0.73] as const;

export interface SkinColours {
  readonly deep: string;
  readonly shade: string;
  readonly mid: string;
  readonly base: string;
  readonly light: string;
  readonly glow: string;
  readonly blush: string;
  readonly rim: string;
  /** Dark red-brown of contact shadows. */
  readonly contact: string;
}

/** Heights (u) of the relief bumps of the face; see skin.ts for where each one sits. */
export interface Relief {
  readonly brow: number;
  readonly socket: number;
  readonly hollow: number;
  readonly eyeball: number;
  readonly cheek: number;
  readonly underCheek: number;
  readonly muzzle: number;
  readonly mentolabial: number;
  readonly chin: number;
  readonly philtrum: number;
  readonly temple: number;
  readonly nasolabial: number;
  readonly noseRidge: number;
  readonly noseTip: number;
  readonly noseWing: number;
}

export interface FaceSpec {
  readonly cx: number;
  readonly topY: number;
  readonly hairlineY: number;
  readonly browY: number;
  readonly eyeY: number;
  /** Distance of each pupil from the face axis. */
  readonly pupilX: number;
  readonly eyeHalfWidth: number;
  readonly noseBaseY: number;
  readonly noseHalfWidth: number;
  readonly mouthY: number;
  readonly mouthHalfWidth: number;
  readonly chinY: number;
  /** Half width at the cheekbone. */
  readonly halfWidth: number;
  /** Half outline from the crown to the chin as (half width, y). */
  readonly outline: readonly Point[];
  /** Sideways shift of the outline by y, a deliberate asymmetry. */
  readonly lean: (y: number) => number;
  readonly relief: Relief;
  readonly blush: number;
  /** Opacity of the soft shade from the nose wing toward the mouth corner; deep and narrow ages a face. */
  readonly foldShade: number;
}

export interface IrisColours {
  readonly ring: string;
  readonly body: string;
  readonly glow: string;
}

export interface EyeSpec {
  /** Upper lid, open, inner to outer corner; x outward from the eye centre, y down. */
  readonly upper: readonly Point[];
  readonly lower: readonly Point[];
  readonly irisRadius: number;
  /** Iris centre at rest relative to the eye centre; x outward. */
  readonly irisOffset: Point;
  readonly iris: IrisColours;
  readonly lash: string;
  /** Largest thickness of the lash wedge, u. */
  readonly lashWeight: number;
  /** Number and length (u) of separate outer lashes. */
  readonly lashes: readonly [count: number, length: number];
  /** Strength of the lower lash line, 0..1. */
  readonly lowerLash: number;
  readonly creaseGap: number;
  readonly creaseAlpha: number;
  readonly lidTint: string;
  readonly lidTintAlpha: number;
}

export interface BrowSpec {
  /** Upper and lower edge, inner to outer end; x outward from the face axis, absolute y. */
  readonly upper: readonly Point[];
  readonly lower: readonly Point[];
  readonly colour: string;
  readonly dark: string;
  readonly strands: number;
  readonly alpha: number;
}

export interface MouthSpec {
  readonly upperHeight: number;
  readonly lowerHeight: number;
  readonly cornerLift: number;
  readonly palette: Readonly<Record<string, string>>;
}
