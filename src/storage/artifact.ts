/** What a file is to the one who asked for it. */
export type ArtifactKind = "video" | "audio" | "image" | "subtitles" | "data";

/** A delivered file, as results carry it. One of `url`, `base64` and `base64_field` is set. */
export type Artifact = {
  readonly kind: ArtifactKind;
  readonly filename: string;
  readonly mime: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Seconds, for sound and video. */
  readonly duration?: number;
  /** Where it can be read: a `file://` URL from the disk driver, a presigned one from a bucket. */
  readonly url?: string;
  /** ISO 8601, UTC, where the URL ends before the file does: signatures live seven days at most. */
  readonly url_expires_at?: string;
  readonly base64?: string;
  /** Field of the result that carries the base64 in its stead, where an operation's document wants it there. */
  readonly base64_field?: string;
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
  /** Last part of the key where it is not the file name, as for names that come again and again. */
  readonly keyName?: string;
  /** First part of the key when the file is not kept: `realtime`, `audio`. */
  readonly folder: string;
  readonly mime: string;
  /** Seconds, for sound and video. */
  readonly duration?: number;
};
