import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../errors.ts";

const hex = z.string().regex(/^#[0-9A-Fa-f]{6}$/, "a colour such as #BA6062");
const point = z.tuple([z.number(), z.number()]);
const layer = z.object({
  file: z.string().regex(/^[\w.-]+$/, "a file name in the avatar's own folder"),
  x: z.number(),
  y: z.number(),
  width: z.number().positive(),
  height: z.number().positive(),
});

const sheet = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  voice: z.string().optional(),
  texelsPerUnit: z.number().positive(),
  layers: z.object({
    background: layer,
    torso: layer,
    head: layer,
    eyes: layer,
    iris: layer.extend({ left: point, right: point }),
    catchlight: layer,
    lids: layer.extend({ levels: z.number().int().min(2) }),
    brows: layer,
    back_hair: layer.optional(),
  }),
  pivot: point,
  nose_base_y: z.number(),
  face: z.object({
    cx: z.number(),
    cy: z.number(),
    half_width: z.number().positive(),
    top_y: z.number(),
    chin_y: z.number(),
  }),
  jaw: z.object({ from_y: z.number(), to_y: z.number(), drop: z.number() }),
  mouth: z.object({
    cx: z.number(),
    cy: z.number(),
    half_width: z.number().positive(),
    upper_height: z.number().positive(),
    lower_height: z.number().positive(),
    corner_lift: z.number(),
    palette: z.object({
      upper: hex,
      lower: hex,
      line: hex,
      highlight: hex,
      cavity_centre: hex,
      cavity_edge: hex,
      tongue: hex,
      tongue_light: hex,
      teeth_centre: hex,
      teeth_quarter: hex,
      teeth_corner: hex,
      teeth_gap: hex,
      skin: hex,
      skin_shadow: hex,
    }),
  }),
  shoulder_y: z.number(),
});

/** One layer's picture and where it lies in the 1280x720 design frame; lengths in u, one output pixel at 720p. */
export type LayerPlace = z.infer<typeof layer>;

/** What `avatar.json` says of a person: layers, anchors and colours. Lengths in u. */
export type AvatarSheet = z.infer<typeof sheet>;

const SHEET_FILE = "avatar.json";

/** Parses a JSON file of the models folder; a broken one is the deployment's fault, not the caller's. */
export async function readSheet<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const parsed = schema.safeParse(JSON.parse(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue ? `${issue.path.join(".")}: ${issue.message}` : "unreadable";
  throw new AppError("engine_failed", `${what} is not usable (${where}).`, { cause: parsed.error });
}

/** The sheet of the person whose folder is `directory`. */
export async function readAvatarSheet(directory: string): Promise<AvatarSheet> {
  return readSheet(join(directory, SHEET_FILE), sheet, "An avatar's avatar.json");
}

/** Whether a sheet is there and a drawn person's, and not a photo's or a video's. */
async function isDrawn(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text !== undefined && !/"kind"\s*:\s*"(photo|video)"/.test(text);
}

/** Names of the folders under `avatarsDir` that hold a drawn person's `avatar.json`, sorted; empty where there is none. */
export async function listPeople(avatarsDir: string): Promise<readonly string[]> {
  const entries = await readdir(avatarsDir, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    if (await isDrawn(join(avatarsDir, entry.name, SHEET_FILE))) found.push(entry.name);
  }
  return found.sort();
}
