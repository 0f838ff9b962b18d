import type { MouthTarget } from "./mouth-parameters.ts";

/** The visual classes of speech sounds that the rig tells apart. */
export type VisemeName =
  | "rest"
  | "PP"
  | "FF"
  | "TH"
  | "DD"
  | "kk"
  | "CH"
  | "SS"
  | "RR"
  | "aa"
  | "E"
  | "ih"
  | "oh"
  | "ou"
  | "smile";

/** What a mouth does for a sound, and how much it insists on it against its neighbours. */
export type Viseme = {
  readonly name: VisemeName;
  readonly target: MouthTarget;
  /** Weight of the sound in the blend: rounding is strong, back consonants hardly matter. */
  readonly weight: number;
};

const REST: MouthTarget = {
  jaw: 0,
  width: 1,
  round: 0,
  upper: 0,
  lower: 0,
  teethUpper: 0,
  teethLower: 0,
  tongue: 0,
  smile: 0.55,
  press: 0,
  tuck: 0,
};

const viseme = (name: VisemeName, weight: number, target: Partial<MouthTarget>): Viseme => ({
  name,
  weight,
  target: { ...REST, smile: 0.3, ...target },
});

/** Targets of every viseme for clear, unhurried speech. */
export const VISEMES: Readonly<Record<VisemeName, Viseme>> = {
  rest: { name: "rest", weight: 1.5, target: REST },
  PP: viseme("PP", 1, { width: 0.97, press: 1 }),
  FF: viseme("FF", 0.8, { jaw: 0.1, width: 0.99, upper: 0.75, lower: 0.1, teethUpper: 0.75, smile: 0.35, tuck: 1 }),
  TH: viseme("TH", 1.2, { jaw: 0.22, width: 0.98, upper: 0.5, lower: 0.35, teethUpper: 0.7, tongue: 0.8 }),
  DD: viseme("DD", 1.5, {
    jaw: 0.22,
    upper: 0.32,
    lower: 0.24,
    teethUpper: 0.75,
    teethLower: 0.06,
    tongue: 0.65,
    smile: 0.35,
  }),
  kk: viseme("kk", 1.1, {
    jaw: 0.3,
    width: 0.98,
    upper: 0.34,
    lower: 0.3,
    teethUpper: 0.6,
    teethLower: 0.3,
    tongue: 0.25,
    smile: 0.35,
  }),
  CH: viseme("CH", 2, {
    jaw: 0.16,
    width: 0.76,
    round: 0.6,
    upper: 0.58,
    lower: 0.42,
    teethUpper: 0.85,
    teethLower: 0.6,
    smile: 0.1,
  }),
  SS: viseme("SS", 2.2, {
    jaw: 0.08,
    width: 1.05,
    upper: 0.42,
    lower: 0.36,
    teethUpper: 0.8,
    teethLower: 0.8,
    smile: 0.5,
  }),
  RR: viseme("RR", 1.1, {
    jaw: 0.2,
    width: 0.8,
    round: 0.55,
    upper: 0.4,
    lower: 0.4,
    teethUpper: 0.4,
    tongue: 0.3,
    smile: 0.15,
  }),
  aa: viseme("aa", 1.4, { jaw: 0.86, upper: 0.5, lower: 0.5, teethUpper: 0.75, tongue: 0.55, smile: 0.35 }),
  E: viseme("E", 1, {
    jaw: 0.48,
    width: 1.07,
    upper: 0.5,
    lower: 0.45,
    teethUpper: 0.8,
    teethLower: 0.15,
    tongue: 0.6,
    smile: 0.5,
  }),
  ih: viseme("ih", 1, {
    jaw: 0.24,
    width: 1.12,
    upper: 0.46,
    lower: 0.36,
    teethUpper: 0.85,
    teethLower: 0.45,
    tongue: 0.35,
    smile: 0.65,
  }),
  oh: viseme("oh", 1.4, {
    jaw: 0.52,
    width: 0.76,
    round: 0.8,
    upper: 0.3,
    lower: 0.3,
    teethUpper: 0.3,
    tongue: 0.35,
    smile: 0.05,
  }),
  ou: viseme("ou", 1.6, { jaw: 0.2, width: 0.64, round: 1, upper: 0.32, lower: 0.42, smile: 0 }),
  smile: viseme("smile", 1, { jaw: 0.1, width: 1.12, upper: 0.65, lower: 0.22, teethUpper: 1, smile: 1.1 }),
};
