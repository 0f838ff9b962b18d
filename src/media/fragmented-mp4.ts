/**
 * Writes MP4 from samples: as a stream of fragments that a browser plays while it grows, and as a whole file. Both
 * tracks count time in 48,000ths of a second, in which a picture at 25 a second and a frame of AAC have whole lengths.
 * Source: ISO 14496-12 (boxes), 14496-14 (`mp4a`), 14496-15 (`avc1`).
 */

import { AAC_FRAME, type AacConfig, type AvcConfig, type VideoSample } from "./fragmented-tracks.ts";

/** Ticks of both tracks per second. */
export const TIMESCALE = 48_000;

/** Pictures a second. */
export const STREAM_FPS = 25;

/** Ticks of a picture. */
const PICTURE = TIMESCALE / STREAM_FPS;

/** Pictures in a group: the fewest that last as long as a whole number of AAC frames, 320 ms. */
export const GROUP_PICTURES = 8;

/** Frames of AAC in a group. */
export const GROUP_SOUNDS = (GROUP_PICTURES * PICTURE) / AAC_FRAME;

/** Seconds of a group. */
export const GROUP_SECONDS = GROUP_PICTURES / STREAM_FPS;

/** 320 ms of both tracks: 8 pictures and 15 frames of AAC. */
export type Group = { readonly pictures: readonly VideoSample[]; readonly sounds: readonly Uint8Array[] };

/** What a player must know before the first group. */
export type StreamConfig = {
  readonly width: number;
  readonly height: number;
  readonly avc: AvcConfig;
  readonly aac: AacConfig;
};

/** The type of a stream as browsers ask for it before they play one. */
export function streamType({ avc }: StreamConfig): string {
  const profile = Buffer.from(avc.sps.subarray(1, 4)).toString("hex");
  return `video/mp4; codecs="avc1.${profile},mp4a.40.2"`;
}

const u16 = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]));

function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) out.writeUInt32BE(value >>> 0, 4 * index);
  return out;
}

function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 8);
  return Buffer.concat([u32(size), Buffer.from(type, "latin1"), ...parts], size);
}

/** A box with a version and flags. */
const full = (type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Buffer =>
  box(type, u32((version << 24) | flags), ...parts);

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const LANGUAGE = 0x55c4;
const VIDEO = 1;
const AUDIO = 2;

const ftyp = (...brands: readonly string[]): Buffer =>
  box("ftyp", Buffer.from(brands[0] ?? "isom", "latin1"), u32(512), Buffer.from(brands.join(""), "latin1"));

function avc1({ width, height, avc }: StreamConfig): Buffer {
  const { sps, pps } = avc;
  const lists = [u16(sps.length), sps, Buffer.of(1), u16(pps.length), pps];
  // High profile says once more how its pictures are sampled: 4:2:0, 8 bits.
  const high = (sps[1] ?? 0) >= 100 ? [Buffer.of(0xfd, 0xf8, 0xf8, 0)] : [];
  const avcC = box("avcC", Buffer.of(1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1), ...lists, ...high);
  const colr = box("colr", Buffer.from("nclx", "latin1"), u16(1, 1, 1), Buffer.of(0));
  const head = [u32(0), u16(0, 1), Buffer.alloc(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1)];
  return box("avc1", ...head, Buffer.alloc(32), u16(24, 0xffff), avcC, colr);
}

function mp4a({ aac }: StreamConfig): Buffer {
  const descriptor = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
    const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
    return Buffer.concat([Buffer.of(tag, size), ...parts]);
  };
  const decoder = descriptor(4, Buffer.of(0x40, 0x15, 0, 0, 0), u32(0, 0), descriptor(5, aac.specific));
  const esds = full("esds", 0, 0, descriptor(3, u16(AUDIO), Buffer.of(0), decoder, descriptor(6, Buffer.of(2))));
  return box("mp4a", u32(0), u16(0, 1), u32(0, 0), u16(aac.channels, 16), u32(0, TIMESCALE << 16), esds);
}

/** The boxes of a track. @param stbl its table of samples @param ticks its length, 0 where it is not known */
function track(id: number, config: StreamConfig, stbl: readonly Uint8Array[], ticks: number): Buffer {
  const video = id === VIDEO;
  const size = video ? u32(config.width * 65536, config.height * 65536) : u32(0, 0);
  const tkhd = full("tkhd", 0, 3, u32(0, 0, id, 0, ticks, 0, 0), u16(0, 0, video ? 0 : 0x100, 0), MATRIX, size);
  const mdhd = full("mdhd", 0, 0, u32(0, 0, TIMESCALE, ticks), u16(LANGUAGE, 0));
  const handler = Buffer.from(video ? "videVideo\0" : "sounSound\0", "latin1");
  const hdlr = full("hdlr", 0, 0, u32(0), handler.subarray(0, 4), u32(0, 0, 0), handler.subarray(4));
  const media = video ? full("vmhd", 0, 1, u16(0, 0, 0, 0)) : full("smhd", 0, 0, u16(0, 0));
  const dinf = box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)));
  const stsd = full("stsd", 0, 0, u32(1), video ? avc1(config) : mp4a(config));
  return box("trak", tkhd, box("mdia", mdhd, hdlr, box("minf", media, dinf, box("stbl", stsd, ...stbl))));
}

function movie(ticks: number, ...parts: readonly Uint8Array[]): Buffer {
  const times = u32(0, 0, TIMESCALE, ticks, 0x10000);
  const mvhd = full("mvhd", 0, 0, times, u16(0x100, 0), u32(0, 0), MATRIX, Buffer.alloc(24), u32(3));
  return box("moov", mvhd, ...parts);
}

/** What comes before the first fragment. */
export function initSegment(config: StreamConfig): Buffer {
  const none = [full("stts", 0, 0, u32(0)), full("stsc", 0, 0, u32(0))];
  const empty = [...none, full("stsz", 0, 0, u32(0, 0)), full("stco", 0, 0, u32(0))];
  const trex = (id: number): Buffer => full("trex", 0, 0, u32(id, 1, id === VIDEO ? PICTURE : AAC_FRAME, 0, 0));
  const mvex = box("mvex", trex(VIDEO), trex(AUDIO));
  const tracks = [track(VIDEO, config, empty, 0), track(AUDIO, config, empty, 0)];
  return Buffer.concat([ftyp("iso5", "iso6", "mp41"), movie(0, ...tracks, mvex)]);
}

/** Flags of a sample that a player may begin at, of one that depends on others, and of sound. */
const SAMPLE = { key: 0x02000000, inner: 0x01010000, sound: 0x02000000 } as const;

/**
 * One group as a fragment.
 * @param index of the group in its stream, from 0: its time and number follow from it
 */
export function mediaSegment(index: number, { pictures, sounds }: Group): Buffer {
  const start = index * GROUP_PICTURES * PICTURE;
  const pictureBytes = pictures.reduce((sum, { data }) => sum + data.byteLength, 0);
  const traf = (id: number, flags: number, offset: number, entries: Buffer, count: number): Buffer => {
    const duration = id === VIDEO ? PICTURE : AAC_FRAME;
    const tfhd = full("tfhd", 0, 0x020028, u32(id, duration, id === VIDEO ? SAMPLE.inner : SAMPLE.sound));
    const tfdt = full("tfdt", 1, 0, u64(start));
    return box("traf", tfhd, tfdt, full("trun", 0, flags, u32(count, offset), entries));
  };
  const rows = pictures.map(({ data, key }) => u32(data.byteLength, key ? SAMPLE.key : SAMPLE.inner));
  const sizes = u32(...sounds.map((sound) => sound.byteLength));
  const moof = (offset: number): Buffer =>
    box(
      "moof",
      full("mfhd", 0, 0, u32(index + 1)),
      traf(VIDEO, 0x000601, offset, Buffer.concat(rows), rows.length),
      traf(AUDIO, 0x000201, offset + pictureBytes, sizes, sounds.length),
    );
  const head = moof(moof(0).length + 8);
  return Buffer.concat([head, box("mdat", ...pictures.map(({ data }) => data), ...sounds)]);
}

/** Groups as a whole file whose index comes first; pieces to be written one after the other. */
export function wholeFile(config: StreamConfig, groups: readonly Group[]): Uint8Array[] {
  const pictures = groups.flatMap((group) => group.pictures);
  const sounds = groups.flatMap((group) => group.sounds);
  const ticks = groups.length * GROUP_PICTURES * PICTURE;
  const keys = pictures.flatMap(({ key }, index) => (key ? [index + 1] : []));
  const table = (id: number, sizes: readonly number[], offsets: readonly number[]): Buffer[] => {
    const [duration, perGroup] = id === VIDEO ? [PICTURE, GROUP_PICTURES] : [AAC_FRAME, GROUP_SOUNDS];
    return [
      full("stts", 0, 0, u32(1, sizes.length, duration)),
      full("stsc", 0, 0, u32(1, 1, perGroup, 1)),
      full("stsz", 0, 0, u32(0, sizes.length, ...sizes)),
      full("stco", 0, 0, u32(offsets.length, ...offsets)),
      ...(id === VIDEO ? [full("stss", 0, 0, u32(keys.length, ...keys))] : []),
    ];
  };
  const head = (start: number): Buffer => {
    const places: { readonly video: number[]; readonly audio: number[] } = { video: [], audio: [] };
    let at = start;
    for (const group of groups) {
      places.video.push(at);
      for (const { data } of group.pictures) at += data.byteLength;
      places.audio.push(at);
      for (const sound of group.sounds) at += sound.byteLength;
    }
    const sizesOf = (samples: readonly Uint8Array[]): number[] => samples.map(({ byteLength }) => byteLength);
    const video = table(VIDEO, sizesOf(pictures.map(({ data }) => data)), places.video);
    const audio = table(AUDIO, sizesOf(sounds), places.audio);
    const tracks = [track(VIDEO, config, video, ticks), track(AUDIO, config, audio, ticks)];
    return Buffer.concat([ftyp("isom", "iso2", "avc1", "mp41"), movie(ticks, ...tracks)]);
  };
  const first = head(0).length + 8;
  const body = groups.flatMap((group) => [...group.pictures.map(({ data }) => data), ...group.sounds]);
  const bytes = body.reduce((sum, { byteLength }) => sum + byteLength, 8);
  return [head(first), Buffer.concat([u32(bytes), Buffer.from("mdat", "latin1")]), ...body];
}
