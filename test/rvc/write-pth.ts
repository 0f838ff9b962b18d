import { crc32, deflateRawSync } from "node:zlib";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { PickleWriter } from "../checkpoints/pickle-writer.ts";

/** Files as RVC saves and people share them. */

export type Packed = {
  readonly name: string;
  readonly data: Buffer;
  readonly deflated?: boolean;
  readonly size?: number;
};

/** An archive. `size` tells a lie of how large a file is. */
export function zipFile(files: readonly Packed[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, deflated = false, size = data.length } of files) {
    const packed = deflated ? deflateRawSync(data) : data;
    const title = Buffer.from(name);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(deflated ? 8 : 0, 4);
    about.writeUInt32LE(crc32(data), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(size, 18);
    about.writeUInt16LE(title.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), about, title, packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), about, place, title);
    at += 30 + title.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

type Value = string | number | readonly Value[];

/** A voice's checkpoint as `torch.save` writes it: `weight` and what else there is. */
export async function pthFile({ tensors }: Checkpoint, fields: Readonly<Record<string, Value>>): Promise<Buffer> {
  const pickle = new PickleWriter();
  const storages: Buffer[] = [];
  const value = (of: Value): void => {
    if (typeof of === "string") pickle.text(of);
    else if (typeof of === "number") pickle.int(of);
    else {
      pickle.op("](");
      for (const item of of) value(item);
      pickle.op("e");
    }
  };
  pickle.op("}(").text("weight").global("collections", "OrderedDict").op(")R(");
  for (const [key, tensor] of tensors) {
    const bytes = Buffer.from(await tensor.read());
    const count = bytes.length / 4;
    pickle.text(key).global("torch._utils", "_rebuild_tensor_v2").op("((").text("storage");
    pickle.global("torch", "FloatStorage").text(String(storages.length)).text("cpu").int(count).op("tQ").int(0).op("(");
    for (const side of tensor.shape) pickle.int(side);
    pickle.op("t(");
    for (let i = 1; i <= tensor.shape.length; i++) pickle.int(tensor.shape.slice(i).reduce((a, b) => a * b, 1));
    // No gradient, no hooks.
    pickle.op("t\x89").global("collections", "OrderedDict").op(")RtR");
    storages.push(bytes);
  }
  pickle.op("u");
  for (const [name, of] of Object.entries(fields)) {
    pickle.text(name);
    value(of);
  }
  pickle.op("u");
  return zipFile([
    { name: "voice/data.pkl", data: pickle.end() },
    { name: "voice/version", data: Buffer.from("3\n") },
    ...storages.map((data, i) => ({ name: `voice/data/${i}`, data })),
  ]);
}
