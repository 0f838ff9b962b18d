/** Scenes: from words that describe where somebody speaks to the room that is heard. */

import type { SpeechPart } from "../engines/speech/speech-engine.ts";
import { inRoom, type Room } from "../signal/room.ts";
import { withSound } from "./part-sound.ts";

/** The places there are. */
export const SCENES = {
  room: {
    reflections: [
      [3.1, -13],
      [5.3, -15],
      [8.9, -17],
      [13.7, -19],
    ],
    reverb: { roomSize: 0.1, damping: 0.9, wet: 0.2 },
    gain: -0.2,
    tail: 0.5,
  },
  hall: {
    reflections: [
      [11, -12],
      [19, -14],
      [31, -15],
      [47, -17],
    ],
    reverb: { roomSize: 0.82, damping: 0.35, wet: 0.3 },
    gain: -1.3,
    tail: 2,
  },
  cafe: {
    reflections: [
      [2.3, -10],
      [6.1, -13],
      [9.7, -14],
      [17, -17],
    ],
    reverb: { roomSize: 0.35, damping: 0.7, wet: 0.26 },
    gain: -0.4,
    tail: 0.8,
  },
  phone: { reflections: [], band: { low: 300, high: 3_400 }, gain: 1.8, tail: 0.02 },
  outdoors: { reflections: [[27, -26]], gain: -3, tail: 0.05 },
} as const satisfies Record<string, Room>;

export type SceneName = keyof typeof SCENES;

/** Words by place, in English, Korean and Russian with their endings; `\p{L}` guards keep them from matching within others. */
const WORDS: readonly (readonly [SceneName, RegExp])[] = [
  ["phone", /(?<!\p{L})(?:tele|smart)?phones?(?!\p{L})|전화|통화|휴대폰|телефон|(?<!\p{L})звон(?:ок|к)/u],
  [
    "outdoors",
    /outdoors?|(?<!\p{L})outside|open air|(?<!\p{L})(?:street|park|garden|beach|forest)s?(?!\p{L})|야외|바깥|(?<!\p{L})밖|길거리|거리에서|공원|улиц|на (?:свежем |открытом )?воздухе|(?<!\p{L})парк(?:е|а|у|ом|и|ах)?(?!\p{L})|во дворе|снаружи/u,
  ],
  [
    "hall",
    /(?<!\p{L})halls?(?!\p{L})|auditorium|church|cathedral|홀(?!\p{L})|홀(?:에|의|은|이|안)|강당|성당|교회|(?<!\p{L})(?:кино|актов\p{L}+ )?зал(?:а|е|у|ом|ы|ов|ах|ами|ам)?(?!\p{L})|аудитори|церк|собор/u,
  ],
  [
    "cafe",
    /(?<!\p{L})caf(?:e|é)(?:s|teria)?(?!\p{L})|coffee ?(?:shop|house|bar)|restaurant|카페|커피숍|커피 ?전문점|식당|(?<!\p{L})кафе(?!\p{L})|кофейн|ресторан/u,
  ],
  [
    "room",
    /(?<!\p{L})(?:bed|living|class|bath)?rooms?(?!\p{L})|(?<!\p{L})(?:office|studio)s?(?!\p{L})|(?<!\p{L})(?:안|공부)?방(?:에서는?|에|안에서?|의|이|은|을|으로)?(?!\p{L})|침실|거실|교실|회의실|사무실|комнат|(?<!\p{L})офис|кабинет/u,
  ],
];

/**
 * The place that a description names, in whatever form of the word. The telephone goes before all others, since it is
 * heard through; else the place that is named first wins. Undefined for a description without a known place.
 */
export function sceneOf(description: string): SceneName | undefined {
  const text = description.normalize("NFC").toLowerCase();
  let first: { scene: SceneName; at: number } | undefined;
  for (const [scene, words] of WORDS) {
    const at = text.search(words);
    if (at < 0) continue;
    if (scene === "phone") return scene;
    if (!first || at < first.at) first = { scene, at };
  }
  return first?.scene;
}

/**
 * The scene of a request; a description that names no known place is told to the caller.
 * @param prompt null and an empty string are no scene
 */
export function chooseScene(prompt: string | null | undefined, warn: (message: string) => void): SceneName | undefined {
  if (prompt === undefined || prompt === null || prompt.trim() === "") return undefined;
  const scene = sceneOf(prompt);
  if (!scene) {
    warn(
      `\`scene_prompt\` names no place that is known here, so it is unused. Known: ${Object.keys(SCENES).join(", ")}, in English, Korean or Russian.`,
    );
  }
  return scene;
}

/** Speech as it sounds in a place; the same where no place is named. */
export function inScene(
  parts: AsyncIterable<SpeechPart>,
  scene: SceneName | undefined,
  sampleRate: number,
): AsyncIterable<SpeechPart> {
  return scene === undefined ? parts : withSound(parts, (blocks) => inRoom(blocks, sampleRate, SCENES[scene]));
}
