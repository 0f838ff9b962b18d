import { safeName } from "../../storage/file-name.ts";
import type { RouteParts } from "../route-parts.ts";

/** The folders whose files `/video/{name}` and `/assets/audio/{name}` serve, the one that lasts first. */
export const VIDEO_FOLDERS = ["saved", "realtime"] as const;
export const AUDIO_FOLDERS = ["audio", "saved"] as const;

type LinkParts = Pick<RouteParts, "config" | "access">;

/** Where a stored video is read: a path, or a whole URL where LIPSYNC_BASE_URL is set. */
export function videoUrl(key: string, parts: LinkParts): string {
  return link(`/video/${encodeURIComponent(nameOf(key))}`, `video/${nameOf(key)}`, parts);
}

/** Where stored sound is read, in the same way. */
export function audioUrl(key: string, parts: LinkParts): string {
  return link(`/assets/audio/${encodeURIComponent(nameOf(key))}`, `assets/audio/${nameOf(key)}`, parts);
}

/** As the documents write where a video and its sound lie, whatever store they are in. */
export const videoPath = (key: string): string => `results/${key}`;
export const audioPath = (key: string): string => `assets/audio/${nameOf(key)}`;

/** The name of a file at the end of a URL or a path, fit to be part of a key; undefined where there is none. */
export function nameInUrl(url: string): string | undefined {
  const [path = ""] = url.split(/[?#]/);
  const last = path.split("/").at(-1) ?? "";
  try {
    return checkedName(decodeURIComponent(last));
  } catch {
    return undefined;
  }
}

/** A name from the wire as it may stand in a key; undefined for any that leads elsewhere. */
export function checkedName(name: string): string | undefined {
  const composed = name.normalize("NFC");
  return composed !== "" && safeName(composed, "") === composed ? composed : undefined;
}

function link(path: string, signed: string, { config, access }: LinkParts): string {
  const signature = access.signature(signed);
  return `${config.lipsyncBaseUrl}${path}${signature === undefined ? "" : `?signature=${signature}`}`;
}

function nameOf(key: string): string {
  return key.split("/").at(-1) ?? key;
}
