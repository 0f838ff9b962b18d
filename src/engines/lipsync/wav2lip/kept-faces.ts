import { createHash } from "node:crypto";
import type { Tensors } from "../../../inference/tensor.ts";
import { KEPT_FACES } from "../../../limits/networks.ts";
import type { FaceStore } from "./face-store.ts";

type Kept = { readonly features: Promise<Tensors>; bytes: number; usedAt: number };

/**
 * What the face encoder found in faces, by their pixels: an avatar's loop comes round again, in this video and the next.
 * Where there is no more room, a new face is kept only if an old one has not been seen for a while: a loop that is longer
 * than the room would otherwise push each of its faces out just before it is needed.
 */
export class KeptFaces {
  readonly #limit: number;
  readonly #idleMs: number;
  readonly #now: () => number;
  readonly #store: FaceStore | undefined;
  /** The one that was used longest ago comes first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  /** Keys of those that are on disk. */
  readonly #stored = new Set<string>();

  /** @param store where those of prepared avatars lie from start to start */
  constructor(
    store?: FaceStore,
    limits: { readonly bytes: number; readonly idleMs: number } = KEPT_FACES,
    now = () => performance.now(),
  ) {
    this.#store = store;
    this.#limit = limits.bytes;
    this.#idleMs = limits.idleMs;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#kept.size;
  }

  has(network: string, face: Uint8Array): boolean {
    return this.#kept.has(keyOf(network, face));
  }

  /** Writes the features of a face where the next start finds them. */
  async store(network: string, face: Uint8Array): Promise<void> {
    const key = keyOf(network, face);
    const entry = this.#kept.get(key);
    if (!this.#store || !entry || this.#stored.has(key)) return;
    this.#stored.add(key);
    await this.#store.write(key, await entry.features);
  }

  /** The features of a face: those that are kept, or what `encode` makes of it. */
  async get(network: string, face: Uint8Array, encode: () => Promise<Tensors>): Promise<Tensors> {
    const key = keyOf(network, face);
    const known = this.#kept.get(key);
    if (known) {
      known.usedAt = this.#now();
      this.#kept.delete(key);
      this.#kept.set(key, known);
      try {
        return await known.features;
      } catch {
        // Whoever asked first went away, or failed: that is not this one's affair.
        return encode();
      }
    }
    const entry: Kept = { features: this.#made(key, encode), bytes: 0, usedAt: this.#now() };
    this.#kept.set(key, entry);
    try {
      const features = await entry.features;
      const bytes = Object.values(features).reduce((sum, { data }) => sum + data.byteLength, 0);
      if (this.#makeRoom(bytes)) {
        entry.bytes = bytes;
        this.#bytes += bytes;
      } else if (this.#kept.get(key) === entry) this.#kept.delete(key);
      return features;
    } catch (error) {
      if (this.#kept.get(key) === entry) this.#kept.delete(key);
      throw error;
    }
  }

  async #made(key: string, encode: () => Promise<Tensors>): Promise<Tensors> {
    const stored = await this.#store?.read(key);
    if (stored) this.#stored.add(key);
    return stored ?? encode();
  }

  #makeRoom(bytes: number): boolean {
    const old = this.#now() - this.#idleMs;
    for (const [key, entry] of this.#kept) {
      if (this.#bytes + bytes <= this.#limit) break;
      if (entry.usedAt > old) return false;
      // One that is being encoded takes no room yet.
      if (entry.bytes === 0) continue;
      this.#kept.delete(key);
      this.#bytes -= entry.bytes;
    }
    return this.#bytes + bytes <= this.#limit;
  }
}

const keyOf = (network: string, face: Uint8Array): string =>
  createHash("sha1").update(`${network}\n`).update(face).digest("hex");
