import { extname } from "node:path";

const BY_EXTENSION: Readonly<Record<string, string>> = {
  ".mp4": "video/mp4",
  ".webm": "video/webm",
  ".wav": "audio/wav",
  ".mp3": "audio/mpeg",
  ".flac": "audio/flac",
  ".ogg": "audio/ogg",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".srt": "application/x-subrip",
  ".vtt": "text/vtt",
  ".json": "application/json",
};

/** The media type that a name's extension stands for, or `application/octet-stream`. */
export function mimeOf(name: string): string {
  return BY_EXTENSION[extname(name).toLowerCase()] ?? "application/octet-stream";
}
