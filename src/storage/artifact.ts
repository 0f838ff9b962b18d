/** What a file is to the one who asked for it. */
export type ArtifactKind = "video" | "audio" | "image" | "subtitles" | "data";

/** A delivered file, as results carry it. Either `url` or `base64` is set. */
export type Artifact = {
  readonly kind: ArtifactKind;
  readonly filename: string;
  readonly mime: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Seconds, for sound and video. */
  readonly duration?: number;
  /** Where it can be read: a `file://` URL from the disk driver. */
  readonly url?: string;
  readonly base64?: string;
  /** ISO 8601, UTC; null when it is kept for good. */
  readonly expires_at: string | null;
  readonly persistent: boolean;
  /** Its name in the store (`realtime/….mp4`); for inline delivery the one it would have had. */
  readonly key: string;
};

/** A file in the making or just made: where it lies, what it is, what it is to be called. */
export type ArtifactSource = {
  readonly kind: ArtifactKind;
  /** Where the file lies now; delivery may move it away. */
  readonly path: string;
  readonly filename: string;
  /** First part of the key when the file is not kept: `realtime`, `audio`. */
  readonly folder: string;
  readonly mime: string;
  /** Seconds, for sound and video. */
  readonly duration?: number;
};
