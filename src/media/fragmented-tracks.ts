/** Elementary streams as encoders write them, read into the samples that an MP4 file holds. */

import { AppError } from "../errors.ts";

/** One picture as MP4 holds it: its units, each after its length in four bytes. */
export type VideoSample = { readonly data: Uint8Array /** Whether a player can begin here. */; readonly key: boolean };

/** What a player must know of H.264 before the first picture. */
export type AvcConfig = { readonly sps: Uint8Array; readonly pps: Uint8Array };

/** Kinds of units of H.264 that are looked at here. */
const UNIT = { idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9 } as const;

/**
 * Reads H.264 as a byte stream (Annex B), whose pictures each begin with an access unit delimiter. A picture is known to
 * be whole when the next one begins.
 */
export class AnnexBReader {
  #held: Buffer = Buffer.alloc(0);
  /** From where in `#held` no start code has been looked for yet. */
  #looked = 0;
  /** Where the unit begins that is being read; −1 before the first. */
  #unit = -1;
  #units: Buffer[] = [];
  #key = false;
  #sps: Uint8Array | undefined;
  #pps: Uint8Array | undefined;

  /** What the stream says of itself; undefined until the first picture is whole. */
  get config(): AvcConfig | undefined {
    return this.#sps && this.#pps && { sps: this.#sps, pps: this.#pps };
  }

  /** Takes bytes in pieces of any length and answers the pictures that they complete. */
  push(bytes: Buffer): VideoSample[] {
    // Copied: the pieces come from a pool, and samples outlive them.
    this.#held = Buffer.concat([this.#held.subarray(Math.max(0, this.#unit)), bytes]);
    this.#looked -= Math.max(0, this.#unit);
    if (this.#unit > 0) this.#unit = 0;
    const done: VideoSample[] = [];
    for (;;) {
      const at = this.#held.indexOf(START_CODE, this.#looked);
      if (at < 0) {
        this.#looked = Math.max(this.#looked, this.#held.length - 2);
        return done;
      }
      if (this.#unit >= 0) this.#take(this.#held.subarray(this.#unit, at), done);
      this.#unit = at + START_CODE.length;
      this.#looked = this.#unit;
    }
  }

  /** The last picture. */
  end(): VideoSample[] {
    const done: VideoSample[] = [];
    if (this.#unit >= 0) this.#take(this.#held.subarray(this.#unit), done);
    this.#finish(done);
    this.#held = Buffer.alloc(0);
    this.#unit = -1;
    return done;
  }

  #take(withZeros: Buffer, done: VideoSample[]): void {
    let end = withZeros.length;
    // A start code of four bytes leaves its first zero behind; a unit never ends in one.
    while (end > 0 && withZeros[end - 1] === 0) end--;
    const unit = withZeros.subarray(0, end);
    const kind = (unit[0] ?? 0) & 31;
    if (kind === UNIT.delimiter) this.#finish(done);
    else if (kind === UNIT.sps) this.#sps = same(this.#sps, unit);
    else if (kind === UNIT.pps) this.#pps = same(this.#pps, unit);
    else if (kind !== UNIT.sei) {
      this.#units.push(unit);
      this.#key ||= kind === UNIT.idr;
    }
  }

  #finish(done: VideoSample[]): void {
    if (this.#units.length === 0) return;
    const size = this.#units.reduce((sum, unit) => sum + 4 + unit.length, 0);
    const data = Buffer.alloc(size);
    let at = 0;
    for (const unit of this.#units) {
      at = data.writeUInt32BE(unit.length, at);
      at += unit.copy(data, at);
    }
    done.push({ data, key: this.#key });
    this.#units = [];
    this.#key = false;
  }
}

const START_CODE = Buffer.from([0, 0, 1]);

/** Parameters are told at the start of a file: they may be repeated, and must not change. */
function same(known: Uint8Array | undefined, unit: Buffer): Uint8Array {
  if (known && Buffer.compare(known, unit) !== 0) {
    throw new AppError("media_failed", "The encoder changed its parameters in the middle of a stream. Try again.");
  }
  return known ?? Buffer.from(unit);
}

/** How sound is coded, as MP4 tells it: the AudioSpecificConfig of ISO 14496-3. */
export type AacConfig = { readonly specific: Uint8Array; readonly channels: number };

/** Samples that one frame of AAC holds. */
export const AAC_FRAME = 1024;

/** Reads AAC in ADTS frames. */
export class AdtsReader {
  #held: Buffer = Buffer.alloc(0);
  #config: AacConfig | undefined;

  /** How the sound is coded; undefined before the first frame. */
  get config(): AacConfig | undefined {
    return this.#config;
  }

  /** Takes bytes in pieces of any length and answers the frames that they complete, without their headers. */
  push(bytes: Buffer): Uint8Array[] {
    let held = Buffer.concat([this.#held, bytes]);
    const frames: Uint8Array[] = [];
    while (held.length >= 7) {
      if (held[0] !== 0xff || ((held[1] as number) & 0xf6) !== 0xf0) {
        throw new AppError("media_failed", "The encoder wrote sound that is not AAC. Try again.");
      }
      const header = ((held[1] as number) & 1) === 1 ? 7 : 9;
      const length = (((held[3] as number) & 3) << 11) | ((held[4] as number) << 3) | ((held[5] as number) >> 5);
      if (held.length < length) break;
      this.#config ??= specificConfig(held);
      frames.push(held.subarray(header, length));
      held = held.subarray(length);
    }
    this.#held = held;
    return frames;
  }
}

function specificConfig(header: Buffer): AacConfig {
  const object = ((header[2] as number) >> 6) + 1;
  const frequency = ((header[2] as number) >> 2) & 15;
  const channels = (((header[2] as number) & 1) << 2) | ((header[3] as number) >> 6);
  return {
    specific: Uint8Array.of((object << 3) | (frequency >> 1), ((frequency & 1) << 7) | (channels << 3)),
    channels,
  };
}
