import { open, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** A font file, and the letters that it has. */
export type CaptionFont = {
  readonly path: string;
  /** The name by which it is asked for. */
  readonly family: string;
  has(codePoint: number): boolean;
};

/** Where systems keep fonts. */
const FOLDERS = ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"];
const OWN_FOLDERS = [".fonts", ".local/share/fonts", "Library/Fonts"];

let installed: Promise<readonly string[]> | undefined;
const read = new Map<string, Promise<CaptionFont | undefined>>();

/**
 * The font that suits captions best and has all letters of a text; undefined where none has. What is installed is looked
 * up once.
 */
export async function fontFor(text: string): Promise<CaptionFont | undefined> {
  const needed = new Set<number>();
  for (const character of text) if (/[^\s\p{C}\p{M}]/u.test(character)) needed.add(character.codePointAt(0) as number);
  installed ??= findFonts();
  for (const path of await installed) {
    let font = read.get(path);
    if (!font) {
      font = readFont(path).catch(() => undefined);
      read.set(path, font);
    }
    const known = await font;
    if (known && [...needed].every((point) => known.has(point))) return known;
  }
  return undefined;
}

/** Paths of the fonts that are installed, those first that are easy to read on a screen. */
async function findFonts(): Promise<readonly string[]> {
  const folders = [...FOLDERS, ...OWN_FOLDERS.map((folder) => join(homedir(), folder))];
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
        .filter((entry) => entry.isFile() && /\.(ttf|otf|ttc|otc)$/i.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    ),
  );
  return found
    .flat()
    .map((path) => ({ path, fit: fitness(path.split("/").at(-1) ?? "") }))
    .toSorted((a, b) => b.fit - a.fit || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path);
}

/** How well a font suits captions, by its file's name: upright, without serifs, neither thin nor black. */
function fitness(name: string): number {
  const points: readonly (readonly [RegExp, number])[] = [
    [/sans|gothic|nanum|pretendard|malgun/i, 4],
    [/noto|dejavu|roboto|liberation/i, 1],
    [/regular|medium|[-_]?sans\.(?:ttf|otf)/i, 1],
    [/bold/i, 0.5],
    [/serif|myeongjo|mincho|song/i, -3],
    [/italic|oblique|mono|condensed|narrow|light|thin|black|extra|symbol|emoji|math/i, -4],
  ];
  return points.reduce((sum, [pattern, worth]) => (pattern.test(name) ? sum + worth : sum), 0);
}

/** Reads what a font calls itself and which letters it has; of a collection, its first font. */
async function readFont(path: string): Promise<CaptionFont | undefined> {
  const file = await open(path);
  try {
    const bytes = async (at: number, length: number): Promise<DataView> => {
      const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
      return new DataView(buffer.buffer, 0, bytesRead);
    };
    const head = await bytes(0, 16);
    const start = head.getUint32(0) === 0x74746366 ? head.getUint32(12) : 0;
    const count = (await bytes(start, 12)).getUint16(4);
    const tables = await bytes(start + 12, count * 16);
    const table = async (tag: string): Promise<DataView | undefined> => {
      for (let at = 0; at < count * 16; at += 16) {
        const name = String.fromCharCode(...[0, 1, 2, 3].map((each) => tables.getUint8(at + each)));
        if (name === tag) return bytes(tables.getUint32(at + 8), tables.getUint32(at + 12));
      }
      return undefined;
    };
    const [names, map] = [await table("name"), await table("cmap")];
    const family = names && familyOf(names);
    const ranges = map && rangesOf(map);
    if (family === undefined || !ranges) return undefined;
    return { path, family, has: (point) => ranges.some(([first, last]) => point >= first && point <= last) };
  } finally {
    await file.close();
  }
}

/** The family in a `name` table, in Unicode. */
function familyOf(table: DataView): string | undefined {
  const strings = table.getUint16(4);
  for (const wanted of [16, 1]) {
    for (let index = 0; index < table.getUint16(2); index++) {
      const at = 6 + 12 * index;
      const english = table.getUint16(at) === 3 && table.getUint16(at + 4) === 0x409;
      if (!english || table.getUint16(at + 6) !== wanted) continue;
      const from = strings + table.getUint16(at + 10);
      let name = "";
      for (let byte = 0; byte < table.getUint16(at + 8); byte += 2) {
        name += String.fromCharCode(table.getUint16(from + byte));
      }
      return name;
    }
  }
  return undefined;
}

/** Ranges of code points in a `cmap` table: of its format 12 where it has one, else of its format 4. */
function rangesOf(table: DataView): readonly (readonly [number, number])[] | undefined {
  const places = Array.from({ length: table.getUint16(2) }, (_, index) => table.getUint32(8 + 8 * index));
  const full = places.find((at) => table.getUint16(at) === 12);
  if (full !== undefined) {
    return Array.from({ length: table.getUint32(full + 12) }, (_, index) => {
      const at = full + 16 + 12 * index;
      return [table.getUint32(at), table.getUint32(at + 4)] as const;
    });
  }
  const plain = places.find((at) => table.getUint16(at) === 4);
  if (plain === undefined) return undefined;
  const segments = table.getUint16(plain + 6) / 2;
  return Array.from({ length: segments }, (_, index) => {
    const last = table.getUint16(plain + 14 + 2 * index);
    return [table.getUint16(plain + 16 + 2 * (segments + index)), last] as const;
  });
}
