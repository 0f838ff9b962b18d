import { fontFor } from "../media/caption-fonts.ts";
import type { Finding } from "./finding.ts";

/** Letters that captions in a language need, rare ones included, and the packages of Debian's that have them. */
const LANGUAGES = [
  {
    name: "captions in ko",
    letters: "가각갂나닭뷁쀍힣 “”…",
    packages: "fonts-nanum (33 MB) or fonts-noto-cjk (91 MB)",
  },
  { name: "captions in ru", letters: "АЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя «»—", packages: "fonts-dejavu-core (3 MB)" },
  { name: "captions in kk", letters: "ӘҒҚҢӨҰҮҺІәғқңөұүһі", packages: "fonts-dejavu-core (3 MB)" },
] as const;

/** Whether captions can be drawn into pictures (`burn_captions`), by language. */
export async function checkCaptionFonts(): Promise<Finding[]> {
  return Promise.all(
    LANGUAGES.map(async ({ name, letters, packages }) => {
      const font = await fontFor(letters);
      const finding = { group: "Media", name, ok: font !== undefined, required: false };
      if (font) return { ...finding, detail: `${font.family}: ${font.path}` };
      return {
        ...finding,
        detail: "no font has the letters: burn_captions draws boxes",
        remedy: `Install one, such as Debian's ${packages}.`,
      };
    }),
  );
}
