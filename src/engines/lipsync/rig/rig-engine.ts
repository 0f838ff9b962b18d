import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../../../errors.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import {
  type AvatarInfo,
  type Frame,
  type LipsyncEngine,
  type LipsyncOptions,
  type Resolution,
  RESOLUTIONS,
} from "../lipsync-engine.ts";
import { listPeople, readAvatarSheet } from "./avatar-sheet.ts";
import { FramePool } from "./frame-pool.ts";
import { Person } from "./person.ts";
import { LOOK_AHEAD, SpeechTrack } from "./speech-track.ts";
import { Wardrobe } from "./wardrobe.ts";

const LOOPS = ["short", "long"] as const;
/** Durations are sums of floats: a frame that would begin this close to the end is not one more frame. */
const FRAME_EPSILON = 1e-6;

const INFO: EngineInfo = {
  id: "rig",
  kind: "lipsync",
  description: "Layered 2-D portraits whose mouth is drawn from phonemes, or from the sound alone. Needs no GPU.",
  embedded: true,
  license: "Apache-2.0",
  languages: ["*"],
};

function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
}

class RigEngine implements LipsyncEngine {
  readonly info = INFO;
  readonly #avatarsDir: string;
  readonly #wardrobe: Wardrobe;

  constructor(modelsDir: string) {
    this.#avatarsDir = join(modelsDir, "avatars");
    this.#wardrobe = new Wardrobe(this.#avatarsDir);
  }

  async availability(): Promise<Availability> {
    if ((await listPeople(this.#avatarsDir)).length > 0) return { available: true };
    return {
      available: false,
      reason: "No avatar is installed.",
      remedy: "Restore models/avatars from the repository, or draw the people that ship: see tools/avatars.",
    };
  }

  async avatars(): Promise<readonly AvatarInfo[]> {
    const found: AvatarInfo[] = [];
    for (const person of await listPeople(this.#avatarsDir)) {
      const { description, voice } = await readAvatarSheet(join(this.#avatarsDir, person));
      const said = { person, description, ...(voice === undefined ? {} : { voice }) };
      for (const loop of LOOPS) {
        for (const resolution of Object.keys(RESOLUTIONS) as Resolution[]) {
          found.push({ id: `${person}_${loop}_${resolution}`, loop, resolution, ...said });
        }
      }
    }
    return found;
  }

  async prepare(person: string, resolution: Resolution): Promise<void> {
    await this.#wardrobe.get(person, resolution);
  }

  async *render(
    speech: AsyncIterable<SpeechPart>,
    options: LipsyncOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Frame, void, undefined> {
    checkCancelled(signal);
    const { fps, resolution } = options;
    const { person: name, loop } = await this.#find(options.avatar);
    const { renderer, motion } = await this.#wardrobe.get(name, resolution);
    const [width, height] = RESOLUTIONS[resolution];
    const pool = new FramePool(width, height);
    const track = new SpeechTrack();
    const person = new Person(motion.loops[loop], track, fps, options.frameSkip);
    let index = 0;
    const framesUntil = async function* (end: number): AsyncGenerator<Frame, void, undefined> {
      for (; index < end; index++) {
        checkCancelled(signal);
        track.forget(index / fps);
        yield pool.frame(index, (canvas) => renderer.draw(canvas, person.at(index)));
        // The encoder's pipe drains between frames, and an abort gets heard.
        await nextTurn();
      }
    };
    // The mouth readies itself for what comes next, so the last moments of a part wait for the part after it.
    const held = LOOK_AHEAD + options.frameSkip / fps;
    for await (const part of speech) {
      checkCancelled(signal);
      track.add(part);
      yield* framesUntil(Math.floor((track.duration - held) * fps));
    }
    yield* framesUntil(Math.ceil(track.duration * fps - FRAME_EPSILON));
    checkCancelled(signal);
  }

  /** The person and loop that a base id such as `talk_short` names. */
  async #find(avatar: string): Promise<{ readonly person: string; readonly loop: (typeof LOOPS)[number] }> {
    const people = await listPeople(this.#avatarsDir);
    for (const person of people) {
      for (const loop of LOOPS) if (avatar === `${person}_${loop}`) return { person, loop };
    }
    const known = people.flatMap((person) => LOOPS.map((loop) => `${person}_${loop}`)).join(", ");
    throw new AppError("not_found", `There is no avatar ${JSON.stringify(avatar)}. Known avatars: ${known || "none"}.`);
  }
}

/**
 * The embedded lip-sync engine: people drawn in layers under `<modelsDir>/avatars`, made to speak on the CPU.
 *
 * @throws AppError from `render`: `not_found` for an unknown avatar, `cancelled`, `engine_failed` for broken layers
 */
export function createRigEngine(options: { readonly modelsDir: string }): LipsyncEngine {
  return new RigEngine(options.modelsDir);
}
