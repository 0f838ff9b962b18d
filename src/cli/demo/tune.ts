/** The demo's song: a tune and words of this project's own, in G, four beats to a bar. */

/** Seconds of a beat: 108 beats a minute. */
export const BEAT = 60 / 108;

/** Chords by bar, as MIDI notes from the root up; a bass note is an octave or two below the root. */
export const CHORDS = [
  [55, 59, 62, 66],
  [52, 55, 59, 62],
  [48, 52, 55, 59],
  [50, 54, 57, 60],
  [55, 59, 62, 67],
] as const;

/** A syllable: how it is written, the MIDI note, and its beats. */
export type SungNote = { readonly text: string; readonly note: number; readonly beats: number };

/** The melody, from the first beat on. */
export const MELODY: readonly SungNote[] = [
  { text: "sing", note: 59, beats: 1 },
  { text: "my", note: 62, beats: 1 },
  { text: "friend", note: 67, beats: 2 },
  { text: "the", note: 66, beats: 0.5 },
  { text: "day", note: 64, beats: 1 },
  { text: "is", note: 62, beats: 1 },
  { text: "new", note: 59, beats: 1.5 },
  { text: "all", note: 60, beats: 1 },
  { text: "the", note: 64, beats: 1 },
  { text: "sky", note: 67, beats: 2 },
  { text: "is", note: 66, beats: 1 },
  { text: "turn", note: 69, beats: 2 },
  { text: "ing", note: 66, beats: 1 },
  { text: "blue", note: 67, beats: 3 },
];

/** Seconds of the whole song, its last sound included. */
export const SONG_SECONDS = CHORDS.length * 4 * BEAT;

/** Frequency of a MIDI note in Hz. */
export function frequencyOf(note: number): number {
  return 440 * 2 ** ((note - 69) / 12);
}
