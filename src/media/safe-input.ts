import { resolve } from "node:path";
import type { FfmpegInput } from "./ffmpeg-process.ts";

/**
 * Containers of sound from the wire. Playlists (HLS, DASH, concat), image sequences and scripts are not among them, as
 * these make ffmpeg open what they name.
 */
export const SOUND_FORMATS =
  "wav,w64,aiff,au,caf,flac,mp3,aac,ac3,eac3,amr,ogg,wv,tta,ape,asf,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,flv,avi";

/** Containers of moving pictures. */
export const VIDEO_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,flv,avi,ogg";

/** Options that keep ffmpeg and ffprobe to one local file in one of `formats` (separated by commas), whatever that file refers to. */
export function safeInput(path: string, formats: string): FfmpegInput {
  return {
    url: `file:${resolve(path)}`,
    options: ["-protocol_whitelist", "file", "-format_whitelist", formats],
  };
}
