import { AppError } from "../../../errors.ts";
import { MEL_BANDS, MEL_FRAMES } from "../../../graphs/wav2lip.ts";
import { Batcher, type ItemOptions } from "../../../inference/batcher.ts";
import { bucketFor, bucketsOf, warmUpBuckets } from "../../../inference/buckets.ts";
import type { Lease } from "../../../inference/model-cache.ts";
import type { Network } from "../../../inference/session.ts";
import { runTogether, stackTensors } from "../../../inference/tensor-batch.ts";
import type { Tensor, Tensors } from "../../../inference/tensor.ts";
import { type CheckpointModels, leaseNetwork, onGpu } from "../../checkpoint-models.ts";
import type { KeptFaces } from "./kept-faces.ts";

/** Frames in one run: on a GPU as many as the reference's service has; on a processor more make nothing faster. */
const BATCH = { gpu: 64, cpu: 8 } as const;

/** A mouth to be drawn: what is heard, and the face as the encoder saw it. */
type MouthItem = { readonly mel: Tensor; readonly features: Tensors };

/** Whom a run is for. */
export type RunFor = Pick<ItemOptions, "job" | "signal">;

/** Wav2Lip's networks, held open for one video; runs of several videos are made together. */
export class MouthNetworks implements AsyncDisposable {
  /** Side of the network's faces, pixels. */
  readonly size: number;
  readonly #leases: AsyncDisposableStack;
  readonly #kept: KeptFaces;
  readonly #name: string;
  readonly #face: Batcher<Tensors, Tensors>;
  readonly #mouth: Batcher<MouthItem, Tensors>;
  readonly #whole: Batcher<Tensors, Tensors> | undefined;
  /** Frames to be had in the making at once. */
  readonly ahead: number;
  #last: Uint8Array | undefined;

  private constructor(
    size: number,
    name: string,
    { face, mouth, whole }: { readonly face: Lease; readonly mouth: Lease; readonly whole: Lease | undefined },
    held: AsyncDisposableStack,
    kept: KeptFaces,
  ) {
    this.size = size;
    this.#name = name;
    this.#leases = held;
    this.#kept = kept;
    this.#face = batcher(face, `${name} face`, runTogether(face.session));
    this.#mouth = batcher(mouth, `${name} mouth`, runMouths(mouth.session));
    this.#whole = whole && batcher(whole, `${name} whole`, runTogether(whole.session));
    this.ahead = 2 * mostOf(mouth.session);
  }

  /**
   * @throws AppError `engine_unavailable` where there are no weights; `model_unusable` for ones that cannot be used; as
   * `leaseNetwork`
   */
  static async open(
    models: CheckpointModels,
    kept: KeptFaces,
    signal: AbortSignal,
    progress?: (share: number) => void,
  ): Promise<MouthNetworks> {
    const entry = await models.library.find("wav2lip");
    if (!entry) throw new AppError("engine_unavailable", "There are no weights of Wav2Lip. See `talkbox models list`.");
    await using held = new AsyncDisposableStack();
    const size = Number(entry.variant);
    const parts = models.cache.order.providers[0] === "cpu" ? 2 : 3;
    let opened = 0;
    const lease = async (part: string, warmUp: (network: Network) => Promise<unknown>): Promise<Lease> => {
      const before = opened++;
      const making = progress && ((share: number): void => progress((before + share) / parts));
      // Without the caller's signal: others may wait for the network as well.
      const request = { entry, part, warmUp, progress: making };
      return held.use(await leaseNetwork(models, request, signal));
    };
    const heard = (rows: number): Tensors => ({ mel: melTensor(new Float32Array(rows * MEL_BANDS * MEL_FRAMES)) });
    const seen = (rows: number): Tensors => ({ face: faceTensor(new Uint8Array(rows * size * size * 3), size) });
    const sizesOf = (network: Network): readonly number[] => bucketsOf(network.provider, mostOf(network)) ?? [];
    const face = await lease("face", (network) => warmUpBuckets(network, seen, sizesOf(network)));
    const mouth = await lease("mouth", async (network) => {
      let sizes = sizesOf(network);
      for (const faces of faceRows(network)) {
        const features = await face.session.run(seen(faces));
        const feeds = (rows: number): Tensors => ({ ...heard(rows), ...whichOf(rows), ...structuredClone(features) });
        // A run has no more faces than mouths; what memory had no room for with one face has none with several.
        const fit = sizes.filter((rows) => rows >= faces);
        sizes = (await warmUpBuckets(network, feeds, fit)).map((done) => done.size);
      }
    });
    // What the encoder finds would have to leave the GPU and come back: a face that comes once is better seen as a whole.
    const gpu = onGpu(face.session) && onGpu(mouth.session);
    const both = (rows: number): Tensors => ({ ...heard(rows), ...seen(rows) });
    const whole = gpu ? await lease("whole", (network) => warmUpBuckets(network, both, sizesOf(network))) : undefined;
    const name = `${await entry.sha256({ signal })} ${face.session.provider}`;
    return new MouthNetworks(size, name, { face, mouth, whole }, held.move(), kept);
  }

  /**
   * The lower face that says what is heard: [rows, size, 3] blue, green, red, from `lowerFrom(size)` on.
   * @param face [size, size, 3] blue, green, red
   * @param mel 80 bands by 16 columns
   * @throws AppError `cancelled`, `engine_failed`, `shutting_down`
   */
  async picture(face: Uint8Array<ArrayBuffer>, mel: Float32Array<ArrayBuffer>, run: RunFor): Promise<Uint8Array> {
    const heard = melTensor(mel);
    const seen = faceTensor(face, this.size);
    const still = this.#last !== undefined && Buffer.compare(this.#last, face) === 0;
    this.#last = face;
    if (this.#whole && !still) return pictureOf(await this.#whole.submit({ mel: heard, face: seen }, run));
    return pictureOf(await this.#mouth.submit({ mel: heard, features: await this.#encode(seen, run) }, run));
  }

  /**
   * Encodes a face that will be wanted, now and after the next start.
   * @returns whether there was room to keep it
   * @throws as `picture`
   */
  async encode(face: Uint8Array<ArrayBuffer>, run: RunFor): Promise<boolean> {
    await this.#encode(faceTensor(face, this.size), run);
    await this.#kept.store(this.#name, face);
    return this.#kept.has(this.#name, face);
  }

  #encode(face: Tensor, run: RunFor): Promise<Tensors> {
    return this.#kept.get(this.#name, face.data as Uint8Array, () => this.#face.submit({ face }, run));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leases.disposeAsync();
  }
}

/** Faces, [size, size, 3] each. */
const faceTensor = (data: Uint8Array<ArrayBuffer>, size: number): Tensor => ({
  type: "uint8",
  dims: [data.length / (size * size * 3), size, size, 3],
  data,
});

/** Windows of mel, 80 bands by 16 columns each. */
const melTensor = (data: Float32Array<ArrayBuffer>): Tensor => ({
  type: "float32",
  dims: [data.length / (MEL_BANDS * MEL_FRAMES), 1, MEL_BANDS, MEL_FRAMES],
  data,
});

/** The first face for each mouth. */
const whichOf = (rows: number): Tensors => ({ which: { type: "int64", dims: [rows], data: new BigInt64Array(rows) } });

const mostOf = (network: Network): number => (onGpu(network) ? BATCH.gpu : BATCH.cpu);

/**
 * How many faces a run of mouths is given, where each number of them is a shape of its own: a still has one, and jobs that
 * run together one each. Ascending.
 */
const faceRows = (network: Network): readonly number[] =>
  (bucketsOf(network.provider, mostOf(network)) ?? []).slice(0, 2);

function batcher<I>(
  lease: Lease,
  ceilingKey: string,
  run: (items: readonly I[], signal: AbortSignal, size: number) => Promise<Tensors[]>,
): Batcher<I, Tensors> {
  return lease.shared("batcher", ({ provider }) => {
    const maxItems = mostOf(lease.session);
    return new Batcher<I, Tensors>({ maxItems, buckets: bucketsOf(provider, maxItems), run, ceilingKey });
  });
}

/** Runs mouths, each face once however many of them have it. */
function runMouths(network: Network) {
  const buckets = bucketsOf(network.provider, mostOf(network));
  return async (items: readonly MouthItem[], signal: AbortSignal, size: number): Promise<Tensors[]> => {
    const faces = [...new Set(items.map(({ features }) => features))];
    const places = new Map(faces.map((features, place) => [features, place]));
    const which = new BigInt64Array(size);
    for (const [i, { features }] of items.entries()) which[i] = BigInt(places.get(features) ?? 0);
    const feeds: Record<string, Tensor> = {
      mel: stackTensors(
        items.map(({ mel }) => mel),
        size,
      ),
      which: { type: "int64", dims: [size], data: which },
    };
    const rows = bucketFor(faces.length, buckets);
    for (const name of Object.keys(faces[0] ?? {})) {
      const each = faces.flatMap((features) => features[name] ?? []);
      feeds[name] = stackTensors(each, rows);
    }
    const { picture } = await network.run(feeds, signal);
    if (picture?.type !== "uint8") throw new AppError("engine_failed", "The lip-sync network gave no picture.");
    const width = picture.data.length / size;
    return items.map((_, i) => ({
      picture: {
        type: "uint8",
        dims: [1, ...picture.dims.slice(1)],
        data: picture.data.slice(i * width, (i + 1) * width),
      },
    }));
  };
}

function pictureOf({ picture }: Tensors): Uint8Array {
  if (picture?.type === "uint8") return picture.data;
  throw new AppError("engine_failed", "The lip-sync network gave no picture.");
}
