import type { Gesture } from "./gestures.ts";
import { type Idle, idleAt } from "./idle.ts";
import type { Loop } from "./motion-sheet.ts";
import { MouthFrames } from "./mouth-frames.ts";
import { PARAMETER, PARAMETER_COUNT } from "./mouth-parameters.ts";
import { restPose } from "./pose.ts";
import type { Look } from "./renderer.ts";
import type { SpeechTrack } from "./speech-track.ts";

/** Hair follows the head after this long, seconds, at this distance from the pivot, u. */
const HAIR_DELAY = 0.09;
const HAIR_REACH = 190;
/** A talking head sways more than a listening one: this much at full liveliness. */
const TALK_SWAY = 0.35;
/** Tilt that goes with a nod: turn of the face, u per u of nod. */
const NOD_PITCH = 0.75;
/** A full smile narrows the eyes: part of a blink at smile 1.1, nothing at rest. */
const SQUINT = 0.07;
const SQUINT_FROM = 0.6;

const noIdle = (): Idle => ({
  breath: 0,
  roll: 0,
  x: 0,
  y: 0,
  yaw: 0,
  pitch: 0,
  gazeX: 0,
  gazeY: 0,
  shut: 0,
  brow: 0,
});

/** Joins idle life, speech and gestures into what each frame shows. */
export class Person {
  readonly #loop: Loop;
  readonly #track: SpeechTrack;
  readonly #fps: number;
  readonly #mouths: MouthFrames;
  readonly #first: number;
  readonly #idle = noIdle();
  readonly #lag = noIdle();
  readonly #gesture: Gesture = { nod: 0, brow: 0, roll: 0, yaw: 0, activity: 0 };
  readonly #look = {
    pose: restPose(),
    eyes: { gazeX: 0, gazeY: 0, shut: 0 },
    breath: 0,
    mouth: new Float64Array(PARAMETER_COUNT),
  };

  /** @param first place in the loop of frame 0, in frames */
  constructor(loop: Loop, track: SpeechTrack, fps: number, frameSkip: number, first = 0) {
    this.#loop = loop;
    this.#first = first;
    this.#track = track;
    this.#fps = fps;
    this.#mouths = new MouthFrames(track, fps, frameSkip);
  }

  /** What frame `index` shows; ascending indices. The result is overwritten by the next call. */
  at(index: number): Look {
    const { pose, eyes, mouth } = this.#look;
    const idle = this.#idle;
    const lag = this.#lag;
    const gesture = this.#gesture;
    const frames = Math.max(1, Math.round(this.#loop.seconds * this.#fps));
    const turn = ((index + this.#first) % frames) / frames;
    const t = index / this.#fps;
    idleAt(this.#loop, turn, idle);
    idleAt(this.#loop, (turn - HAIR_DELAY / this.#loop.seconds + 1) % 1, lag);
    this.#mouths.at(index, mouth);

    this.#track.gestureAt(t - HAIR_DELAY, gesture);
    const late = this.#swing(lag, gesture);
    this.#track.gestureAt(t, gesture);
    const now = this.#swing(idle, gesture);
    const lively = 1 + TALK_SWAY * gesture.activity;
    pose.roll = idle.roll * lively + gesture.roll;
    pose.x = idle.x * lively;
    pose.y = idle.y + gesture.nod;
    pose.yaw = idle.yaw * lively + gesture.yaw;
    pose.pitch = idle.pitch * lively + gesture.nod * NOD_PITCH;
    pose.sway = late - now;
    pose.smile = mouth[PARAMETER.smile] as number;
    pose.brow = idle.brow + gesture.brow;
    eyes.gazeX = idle.gazeX;
    eyes.gazeY = idle.gazeY;
    const squint = Math.min(1, Math.max(0, (pose.smile - SQUINT_FROM) / (1.1 - SQUINT_FROM))) * SQUINT;
    eyes.shut = squint + (1 - squint) * idle.shut;
    this.#look.breath = idle.breath;
    return this.#look;
  }

  /** Sideways place of the hair's tips, as the head alone would carry them. */
  #swing(idle: Idle, gesture: Gesture): number {
    const lively = 1 + TALK_SWAY * gesture.activity;
    return idle.x * lively - (idle.roll * lively + gesture.roll) * HAIR_REACH * -1;
  }
}
