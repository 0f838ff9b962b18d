/** What is known of one file of weights without reading more than its header. */
export type ModelFacts = {
  /** Empty for a file that no network is known for. */
  readonly family: string;
  /** Empty where a network has one form. */
  readonly variant: string;
  /** How the file is laid out, such as `torch-zip`; empty where that could not be found out. */
  readonly format: string;
  readonly tensors: number;
  /** Bytes of their elements. */
  readonly weightBytes?: number;
  readonly licence: string;
  readonly state: "ready" | "unusable";
  /** Of an unusable one: what exactly is not supported, and what to do. */
  readonly problem?: string;
};

/** A file of weights that was found. */
export type ModelEntry = ModelFacts & {
  /** Its path below the folder it was found in, without extension: `wav2lip/wav2lip_gan`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** The folder it was found in. */
  readonly where: string;
  /** Of its content; read once and remembered for as long as the file stays as it is. @throws AppError */
  sha256(options?: HashOptions): Promise<string>;
};

export type HashOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that were read so far. */
  readonly onProgress?: (bytes: number) => void;
};
