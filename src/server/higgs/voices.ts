import type { Services } from "../../../handler/services.ts";

/** A voice as document 003 lists it. */
export type ListedVoice = { readonly name: string; readonly description: string };

/** The voices that ship, in the document's language. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  belinda: "따뜻하고 친근한 여성 음성",
  bruno: "아주 낮고 느린 남성 음성",
  chadwick: "깊고 권위있는 남성 음성",
  clara: "밝고 맑은 젊은 여성 음성",
  felix: "가볍고 빠른 젊은 남성 음성",
  hazel: "숨소리가 많은 부드러운 여성 음성",
  hugo: "라디오 진행자처럼 풍부한 남성 음성",
  ingrid: "낮고 차분한 여성 음성",
  lucy: "열 살쯤 된 여자아이 음성",
  mabel: "온화하고 느긋한 노년 여성 음성",
  nora: "뉴스를 읽는 침착하고 정확한 여성 음성",
  oliver: "친근한 30대 남성 음성",
  priya: "활기차고 표정이 풍부한 여성 음성",
  robin: "남성도 여성도 아닌 또렷한 중성 음성",
  theo: "여덟 살쯤 된 남자아이 음성",
  walter: "약간 쉰 노년 남성 음성",
};

/** Every voice that can speak here: those of the engines, then those that were uploaded. */
export async function listVoices({ engines, library }: Pick<Services, "engines" | "library">): Promise<ListedVoice[]> {
  const voices = new Map<string, string>();
  for (const engine of await engines.available("speech")) {
    for (const { name, description } of await engine.voices()) {
      if (name === "Custom" || voices.has(name)) continue;
      const shipped = engine.info.embedded ? DESCRIPTIONS[name] : undefined;
      voices.set(name, shipped ?? description);
    }
  }
  for (const { name, description } of await library.voices.all()) voices.set(name, description);
  return [...voices].map(([name, description]) => ({ name, description }));
}
