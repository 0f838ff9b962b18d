import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { MAX_ZIP_MEMBER_BYTES, MAX_ZIP_MEMBERS } from "../limits/checkpoints.ts";
import { type ByteSource, sliceOf } from "./byte-source.ts";
import { unusable } from "./unusable.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const LONGEST_END = 22 + 65_535;
const NEEDS_64 = 0xffffffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

/** One file of an archive. */
export type ZipMember = {
  readonly name: string;
  /** Bytes once unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly method: number;
  readonly headerAt: number;
};

/**
 * Reads an archive's directory, as PKWARE's APPNOTE 6.3 has it, ZIP64 included; the data stay where they are.
 * @throws AppError `model_unusable`
 */
export function readZip(source: ByteSource): ReadonlyMap<string, ZipMember> {
  const { at, size, count } = findDirectory(source);
  if (count > MAX_ZIP_MEMBERS) throw broken(source, `it says that it holds ${count} files`);
  const directory = source.readSync(at, size);
  const members = new Map<string, ZipMember>();
  let pos = 0;
  for (let i = 0; i < count; i++) {
    if (pos + 46 > size || directory.readUInt32LE(pos) !== CENTRAL) throw broken(source, "its list of files is broken");
    const flags = directory.readUInt16LE(pos + 8);
    const nameLength = directory.readUInt16LE(pos + 28);
    const extraLength = directory.readUInt16LE(pos + 30);
    const next = pos + 46 + nameLength + extraLength + directory.readUInt16LE(pos + 32);
    if (next > size) throw broken(source, "its list of files is cut short");
    const name = directory.toString("utf8", pos + 46, pos + 46 + nameLength);
    const extra = directory.subarray(pos + 46 + nameLength, pos + 46 + nameLength + extraLength);
    const wide = wideSizes(extra, [
      directory.readUInt32LE(pos + 24),
      directory.readUInt32LE(pos + 20),
      directory.readUInt32LE(pos + 42),
    ]);
    const [unpacked = 0, packed = 0, headerAt = 0] = wide;
    if (flags & ENCRYPTED) throw broken(source, `"${name}" in it is encrypted`);
    if (members.has(name)) throw broken(source, `"${name}" is in it twice`);
    members.set(name, {
      name,
      size: unpacked,
      packedSize: packed,
      method: directory.readUInt16LE(pos + 10),
      headerAt,
    });
    pos = next;
  }
  return members;
}

/** The bytes of a member that is stored as it is. @throws AppError `model_unusable` for one that is compressed */
export function storedMember(source: ByteSource, member: ZipMember): ByteSource {
  if (member.method !== STORED || member.size !== member.packedSize) {
    throw unusable(
      source.name,
      `"${member.name}" in it is compressed, so the file was packed again by hand`,
      "Unpack it, or use the original file.",
    );
  }
  return sliceOf(source, dataOffset(source, member), member.size);
}

/** Where a member's bytes lie in its archive, as they are packed, and whether they have to be unpacked. */
export type PackedRange = { readonly start: number; readonly length: number; readonly deflated: boolean };

/** Finds them, for members that are too large for memory. @throws AppError `model_unusable` for other ways of packing */
export function packedRange(source: ByteSource, member: ZipMember): PackedRange {
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw broken(source, `"${member.name}" is packed in a way that is not known`);
  }
  return { start: dataOffset(source, member), length: member.packedSize, deflated: member.method === DEFLATED };
}

/** The bytes of a member, unpacked if need be. @throws AppError `model_unusable` when it is too large for memory */
export async function readMember(source: ByteSource, member: ZipMember): Promise<Buffer> {
  if (member.size > MAX_ZIP_MEMBER_BYTES) throw broken(source, `"${member.name}" in it would be ${member.size} bytes`);
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw broken(source, `"${member.name}" is packed in a way that is not known`);
  }
  const packed = await source.read(dataOffset(source, member), member.packedSize);
  if (member.method === STORED) return packed;
  try {
    const bytes = await promisify(inflateRaw)(packed, { maxOutputLength: Math.max(1, member.size) });
    if (bytes.length !== member.size) throw new Error(`${bytes.length} bytes instead of ${member.size}`);
    return bytes;
  } catch (cause) {
    throw unusable(source.name, `"${member.name}" in it cannot be unpacked`, "Download it again.", cause);
  }
}

/** The local header has a length of its own: writers pad it so that data are aligned. */
function dataOffset(source: ByteSource, { name, headerAt }: ZipMember): number {
  const header = source.readSync(headerAt, 30);
  if (header.readUInt32LE(0) !== LOCAL) throw broken(source, `"${name}" is not where its list of files says`);
  return headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function findDirectory(source: ByteSource): { at: number; size: number; count: number } {
  const length = Math.min(source.size, LONGEST_END);
  const tail = source.readSync(source.size - length, length);
  for (let pos = length - 22; pos >= 0; pos--) {
    if (tail.readUInt32LE(pos) !== END) continue;
    const end = {
      at: tail.readUInt32LE(pos + 16),
      size: tail.readUInt32LE(pos + 12),
      count: tail.readUInt16LE(pos + 10),
    };
    const locator = pos - 20;
    const isWide = end.at === NEEDS_64 || end.size === NEEDS_64 || end.count === 0xffff;
    if (!isWide || locator < 0 || tail.readUInt32LE(locator) !== LOCATOR64) return checkDirectory(source, end);
    const record = source.readSync(Number(tail.readBigUInt64LE(locator + 8)), 56);
    if (record.readUInt32LE(0) !== END64) break;
    return checkDirectory(source, {
      at: Number(record.readBigUInt64LE(48)),
      size: Number(record.readBigUInt64LE(40)),
      count: Number(record.readBigUInt64LE(32)),
    });
  }
  throw broken(source, "its end is missing, so the download was cut short");
}

function checkDirectory(source: ByteSource, found: { at: number; size: number; count: number }) {
  if (found.size > source.size || found.count * 46 > found.size) throw broken(source, "its list of files is broken");
  return found;
}

/** Sizes and offset, from the ZIP64 field where they do not fit into 32 bits. */
function wideSizes(extra: Buffer, narrow: readonly number[]): number[] {
  let pos = 0;
  while (pos + 4 <= extra.length) {
    const id = extra.readUInt16LE(pos);
    const length = extra.readUInt16LE(pos + 2);
    if (id !== 1) {
      pos += 4 + length;
      continue;
    }
    let at = pos + 4;
    return narrow.map((value) => {
      if (value !== NEEDS_64 || at + 8 > extra.length) return value;
      at += 8;
      return Number(extra.readBigUInt64LE(at - 8));
    });
  }
  return [...narrow];
}

function broken(source: ByteSource, problem: string): Error {
  return unusable(source.name, problem, "Download it again.");
}
