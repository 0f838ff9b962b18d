import type { BucketClient } from "./bucket-client.ts";

/** The store's own folder in a bucket; no key of an output begins with a dot. */
export const OWN_FOLDER = ".talkbox";

const FOLDER = `${OWN_FOLDER}/expires/`;
/** Digits of a time in epoch seconds, so that names sort by time until the year 5138. */
const DIGITS = 11;

/** An entry of the index: something is to be looked at when its time has come. */
export type ExpiryEntry = { readonly key: string; readonly expiresAt: number };

/**
 * When what expires, as the names of empty objects `.talkbox/expires/<epoch seconds>/<key>`: they are listed in order
 * of time, so a sweep reads what is due and no more, however much the bucket holds. An entry is a hint; what counts is
 * what the object itself says.
 */
export class ExpiryIndex {
  readonly #client: BucketClient;

  constructor(client: BucketClient) {
    this.#client = client;
  }

  async add({ key, expiresAt }: ExpiryEntry, signal?: AbortSignal): Promise<void> {
    const { bucket } = this.#client.settings;
    const empty = { Bucket: bucket, Key: this.#nameOf(key, expiresAt), Body: new Uint8Array(0), ContentLength: 0 };
    await this.#client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.PutObjectCommand(empty), options), signal);
  }

  /** Does nothing when there is none. */
  async remove({ key, expiresAt }: ExpiryEntry): Promise<void> {
    const { bucket } = this.#client.settings;
    await this.#client.call(async ({ sdk, s3 }, options) =>
      s3.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: this.#nameOf(key, expiresAt) }), options),
    );
  }

  /** Entries whose time has come at `now`, in pages. */
  async *due(now: number, signal?: AbortSignal): AsyncGenerator<readonly ExpiryEntry[]> {
    const { bucket, prefix } = this.#client.settings;
    let after: string | undefined;
    for (;;) {
      const input = { Bucket: bucket, Prefix: `${prefix}${FOLDER}`, ...(after ? { StartAfter: after } : {}) };
      const page = await this.#client.call(
        async ({ sdk, s3 }, options) => s3.send(new sdk.ListObjectsV2Command(input), options),
        signal,
      );
      const names = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
      const entries = names.map((name) => this.#parse(name)).filter((entry) => entry !== undefined);
      const due = entries.filter(({ expiresAt }) => expiresAt <= now);
      if (due.length > 0) yield due;
      after = names.at(-1);
      // In order of time: after one that is not due, none is.
      if (!page.IsTruncated || after === undefined || due.length < entries.length) return;
    }
  }

  #nameOf(key: string, expiresAt: number): string {
    const time = String(Math.ceil(expiresAt / 1000)).padStart(DIGITS, "0");
    return `${this.#client.settings.prefix}${FOLDER}${time}/${key}`;
  }

  #parse(name: string): ExpiryEntry | undefined {
    const rest = name.slice(this.#client.settings.prefix.length + FOLDER.length);
    const [, time, key] = /^(\d+)\/(.+)$/s.exec(rest) ?? [];
    return time === undefined || key === undefined ? undefined : { key, expiresAt: Number(time) * 1000 };
  }
}
