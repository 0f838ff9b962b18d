/** The kind of sound that a file holds by its first bytes, whatever its name says; undefined for none of the three. */
export function sniffAudio(file: Buffer): "wav" | "mp3" | "flac" | undefined {
  const head = file.toString("latin1", 0, 12);
  if (/^(?:RIFF|RF64)....WAVE$/s.test(head)) return "wav";
  if (head.startsWith("fLaC")) return "flac";
  if (head.startsWith("ID3")) return "mp3";
  return isLayer3(file) ? "mp3" : undefined;
}

/** Whether a frame of MPEG audio, layer III, begins here: eleven ones, then a version, layer, bitrate and rate there are. */
function isLayer3(file: Buffer): boolean {
  if (file.length < 4 || file[0] !== 0xff) return false;
  const second = file[1] as number;
  const third = file[2] as number;
  const isSync = (second & 0xe0) === 0xe0;
  const isKnownVersion = (second & 0x18) !== 0x08;
  const isThird = (second & 0x06) === 0x02;
  return isSync && isKnownVersion && isThird && third >> 4 !== 0xf && (third & 0x0c) !== 0x0c;
}
