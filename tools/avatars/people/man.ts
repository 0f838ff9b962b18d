/** `talk`: a man of about 35, short dark hair swept to the side, charcoal jacket, shirt and tie. */
import { paintEars } from "../ears.ts";
import { type Point, rgba } from "../math.ts";
import type { Person } from "../person.ts";
import { type Context, ellipse, soft } from "../raster.ts";
import type { BrowSpec, EyeSpec, FaceSpec, MouthSpec, SkinColours } from "../spec.ts";
import { paintManFrontHair } from "./man_hair.ts";
import { MAN_NECK, paintManTorso } from "./man_clothes.ts";

const CX = 640;

export const MAN_SKIN: SkinColours = {
  deep: "#7F4830",
  shade: "#B07A60",
  mid: "#D5A68A",
  base: "#E8C0A5",
  light: "#F5DBC6",
  glow: "#FFEFE2",
  blush: "#CF7A60",
  rim: "#FFE2C2",
  contact: "#6A3022",
};

// biome-ignore format: outline points read best as one row
const OUTLINE: readonly Point[] = [[0, 66], [72, 82], [114, 122], [132, 180], [138, 244], [139.5, 300], [137.5, 345], [131.5, 390], [122, 431], [103, 466], [72.5, 493.5], [51, 505.8], [28, 512.4], [0, 514]];

export const MAN_FACE: FaceSpec = {
  cx: CX,
  topY: 66,
  hairlineY: 142,
  browY: 268,
  eyeY: 306,
  pupilX: 67,
  eyeHalfWidth: 39.5,
  noseBaseY: 397,
  noseHalfWidth: 28,
  mouthY: 440,
  mouthHalfWidth: 52.5,
  chinY: 514,
  halfWidth: 139.5,
  outline: OUTLINE,
  lean: (y) => -1.6 * Math.sin((y - 240) / 160),
  relief: {
    brow: 5.5,
    socket: -9.5,
    hollow: -4,
    eyeball: 6,
    cheek: 8.3,
    underCheek: -8,
    muzzle: 6.5,
    mentolabial: -4.5,
    chin: 6.5,
    philtrum: -1.6,
    temple: -6,
    nasolabial: -0.9,
    noseRidge: 9,
    noseTip: 6.5,
    noseWing: 6,
  },
  blush: 0.12,
  foldShade: 0.2,
};

// biome-ignore format: lid points read best as one row
const EYE: EyeSpec = {
  upper: [[-38.5, 5.8], [-32, -0.8], [-21, -9.9], [-6, -13.9], [9.5, -13.6], [23, -10], [33.4, -3.8], [40, 1.5]],
  lower: [[-38.5, 5.8], [-31, 8], [-17, 11.8], [0, 12.9], [15, 12], [28, 8], [40, 1.5]],
  irisRadius: 17.4,
  irisOffset: [-1, -0.4],
  iris: { ring: "#120A07", body: "#352117", glow: "#6E4A2E" },
  lash: "#1B110D",
  lashWeight: 2.5,
  lashes: [0, 0],
  lowerLash: 0.45,
  creaseGap: 6.5,
  creaseAlpha: 0.42,
  lidTint: "#8F5440",
  lidTintAlpha: 0.16,
};

// biome-ignore format: brow points read best as one row
const BROW: BrowSpec = {
  upper: [[26, 261.5], [44, 257.5], [66, 255], [86, 255], [102, 259], [116, 267.5]],
  lower: [[28, 271.5], [45, 270.5], [66, 267.8], [86, 266.5], [102, 268], [116, 271.5]],
  colour: "#452E23",
  dark: "#2E1E17",
  strands: 460,
  alpha: 0.92,
};

const MOUTH: MouthSpec = {
  upperHeight: 9.8,
  lowerHeight: 14,
  cornerLift: 9.5,
  palette: {
    upper: "#AB655C",
    lower: "#C48578",
    line: "#6A342C",
    highlight: "#DFAE9C",
    cavity_centre: "#5A1F20",
    cavity_edge: "#250A0C",
    tongue: "#B4585A",
    tongue_light: "#DC8F8A",
    teeth_centre: "#E8DED2",
    teeth_quarter: "#CFC1B3",
    teeth_corner: "#8D7468",
    teeth_gap: "#A08A7C",
    skin: "#E7BC9E",
    skin_shadow: "#AE7458",
  },
};

export const man: Person = {
  id: "talk",
  name: "Daniel",
  description: "Interviewer, about 35, short dark hair, charcoal jacket and tie",
  voice: "chadwick",
  seed: 2209,
  face: MAN_FACE,
  skin: MAN_SKIN,
  eye: EYE,
  brow: BROW,
  mouth: MOUTH,
  neck: MAN_NECK,
  pivot: [CX, 562],
  shoulderY: 632,
  jaw: { from_y: 388, to_y: 510, drop: 25 },
  room: {
    seed: 12,
    wall: ["#CFCBC5", "#A9A8A7", "#63676E"],
    window: ["#F7F8F6", "#AFC3CF"],
    wood: "#6E655C",
    plant: ["#3F5248", "#66806A"],
    books: ["#7B7F86", "#9AA0A6", "#5E6670", "#8B7466", "#B5B3AE", "#4F5860"],
    lamp: "#FFDDAE",
    shelfX: 940,
    windowX: -60,
    plantAt: [300, 640],
    lampAt: [1150, 372],
  },
  paintTorso: paintManTorso,
  paintBackHair: undefined,
  finishSkin: stubble,
  paintFrontHair: paintManFrontHair,
  paintEars: (ctx) => paintEars(ctx, { cx: CX, root: 133, top: 282, bottom: 378, out: 25 }, MAN_SKIN),
};

/** A close shave still darkens jaw and upper lip; red-brown, or it would turn green on warm skin. */
function stubble(ctx: Context): void {
  soft(
    ctx,
    [CX - 150, 380, 300, 150],
    10,
    (c) => {
      c.fillStyle = rgba("#6A4238", 0.19);
      c.fill(ellipse(CX, 482, 112, 46));
      c.fill(ellipse(CX, 418, 44, 12));
      for (const s of [-1, 1]) c.fill(ellipse(CX + s * 104, 430, 20, 60, s * 0.25));
    },
    { mode: "source-atop" },
  );
}
