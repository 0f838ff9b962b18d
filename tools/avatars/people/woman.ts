/** `new_talk`: a woman of about 30, dark shoulder-length hair parted at the side, navy blazer over an ivory top. */
import { type Point } from "../math.ts";
import type { Person } from "../person.ts";
import type { BrowSpec, EyeSpec, FaceSpec, MouthSpec, SkinColours } from "../spec.ts";
import { paintWomanBackHair, paintWomanFrontHair } from "./woman_hair.ts";
import { paintWomanTorso, WOMAN_NECK } from "./woman_clothes.ts";

const CX = 640;

export const WOMAN_SKIN: SkinColours = {
  deep: "#9C573F",
  shade: "#C68A70",
  mid: "#E4B097",
  base: "#F2CCB4",
  light: "#FBE4D3",
  glow: "#FFF3EA",
  blush: "#E5826F",
  rim: "#FFE9D2",
  contact: "#7E3A2A",
};

const OUTLINE: readonly Point[] = [
  [0, 72],
  [64, 86],
  [104, 126],
  [122, 184],
  [128, 244],
  [129, 296],
  [126.5, 338],
  [119, 378],
  [104.5, 418],
  [84, 447.5],
  [57, 470],
  [31, 484.8],
  [0, 490],
];

export const WOMAN_FACE: FaceSpec = {
  cx: CX,
  topY: 72,
  hairlineY: 130,
  browY: 260,
  eyeY: 300,
  pupilX: 64,
  eyeHalfWidth: 40,
  noseBaseY: 383,
  noseHalfWidth: 23,
  mouthY: 423,
  mouthHalfWidth: 48.5,
  chinY: 490,
  halfWidth: 129,
  outline: OUTLINE,
  lean: (y) => 1.4 * Math.sin((y - 250) / 150),
  relief: {
    brow: 2.4,
    socket: -7.5,
    hollow: -3.2,
    eyeball: 6,
    cheek: 9.5,
    underCheek: -4,
    muzzle: 7,
    mentolabial: -3.5,
    chin: 4.5,
    philtrum: -1.6,
    temple: -6,
    nasolabial: -1.7,
    noseRidge: 7.6,
    noseTip: 5.5,
    noseWing: 4.6,
  },
  blush: 0.17,
  foldShade: 0.1,
};

const EYE: EyeSpec = {
  upper: [
    [-39, 7],
    [-33.2, -0.6],
    [-21, -11],
    [-6, -15.1],
    [9.5, -14.8],
    [23, -11],
    [33.6, -4.4],
    [40.5, 1],
  ],
  lower: [
    [-39, 7],
    [-31.6, 9],
    [-17, 12.8],
    [0, 14.7],
    [15, 13],
    [28.4, 8],
    [40.5, 1],
  ],
  irisRadius: 18,
  irisOffset: [-1, -0.6],
  iris: { ring: "#150B07", body: "#3E2416", glow: "#7C4E2C" },
  lash: "#1B100D",
  lashWeight: 3.5,
  lashes: [3, 4.7],
  lowerLash: 1,
  creaseGap: 7.5,
  creaseAlpha: 0.5,
  lidTint: "#B5705C",
  lidTintAlpha: 0.24,
};

const BROW: BrowSpec = {
  upper: [
    [27, 257.4],
    [43, 252],
    [62, 248],
    [79, 246.8],
    [95, 249.5],
    [108, 258],
  ],
  lower: [
    [27, 264],
    [44, 260.8],
    [63, 257.6],
    [79, 255],
    [95, 255.5],
    [108, 259.8],
  ],
  colour: "#553427",
  dark: "#3A241C",
  strands: 340,
  alpha: 0.86,
};

const MOUTH: MouthSpec = {
  upperHeight: 12,
  lowerHeight: 16.2,
  cornerLift: 8,
  palette: {
    upper: "#BF6866",
    lower: "#D98880",
    line: "#84383A",
    highlight: "#F3B9AE",
    cavity_centre: "#5A1F20",
    cavity_edge: "#250A0C",
    tongue: "#B4585A",
    tongue_light: "#DC8F8A",
    teeth_centre: "#EDE3D8",
    teeth_quarter: "#D3C5B8",
    teeth_corner: "#8D7468",
    teeth_gap: "#A08A7C",
    skin: "#F2C9AE",
    skin_shadow: "#C98668",
  },
};

export const woman: Person = {
  id: "new_talk",
  name: "Mira",
  description: "Interviewer, about 30, dark shoulder-length hair, navy blazer",
  voice: "belinda",
  seed: 1107,
  face: WOMAN_FACE,
  skin: WOMAN_SKIN,
  eye: EYE,
  brow: BROW,
  mouth: MOUTH,
  neck: WOMAN_NECK,
  pivot: [CX, 538],
  shoulderY: 602,
  jaw: { from_y: 372, to_y: 486, drop: 24 },
  room: {
    seed: 5,
    wall: ["#D9D0C4", "#B7AFA6", "#6F6C6C"],
    window: ["#FDF7EC", "#B9C9D2"],
    wood: "#7A6A5C",
    plant: ["#46574A", "#6E8468"],
    books: ["#8B8077", "#A59B8E", "#6B6E74", "#94786A", "#B8AFA3", "#596066"],
    lamp: "#FFE0B0",
    shelfX: 985,
    windowX: 120,
    plantAt: [70, 600],
    lampAt: [905, 420],
  },
  paintTorso: paintWomanTorso,
  paintBackHair: paintWomanBackHair,
  paintFrontHair: paintWomanFrontHair,
};
