import type { Audio } from "../../signal/audio.ts";
import { Reverb } from "../../signal/effects/reverb.ts";
import { bass, electricPiano, hat, kick, noiseSource, pluck, snare } from "./instruments.ts";
import { BEAT, CHORDS, frequencyOf, SONG_SECONDS } from "./tune.ts";

/** Seconds that the last chord rings on. */
const RING = 0.6;

/** Highest sample of the stem. */
const PEAK = 0.6;

/** Puts a note on the tape: `pan` −1 (left) … 1 (right), at constant power. */
type Play = (sound: Float32Array, beat: number, level: number, pan?: number) => void;

/** The band: electric piano, guitar, bass and drums. */
export function playBand(sampleRate: number): Audio {
  const length = Math.round((SONG_SECONDS + RING) * sampleRate);
  const tape = [new Float32Array(length), new Float32Array(length)] as const;
  const play: Play = (sound, beat, level, pan = 0) => {
    const from = Math.round(Math.max(0, beat * BEAT) * sampleRate);
    const angle = ((pan + 1) * Math.PI) / 4;
    for (const [side, gain] of [Math.cos(angle), Math.sin(angle)].entries()) {
      const plane = tape[side] as Float32Array;
      const end = Math.min(sound.length, length - from);
      for (let n = 0; n < end; n++) plane[from + n] = (plane[from + n] as number) + level * gain * (sound[n] as number);
    }
  };
  for (const [bar, chord] of CHORDS.entries()) {
    const last = bar === CHORDS.length - 1;
    playPiano(play, sampleRate, bar, chord, last);
    playGuitar(play, sampleRate, bar, chord, last);
    playBass(play, sampleRate, bar, chord[0], last);
  }
  const [left, right] = tape;
  new Reverb(sampleRate, { roomSize: 0.4, damping: 0.6, wet: 0.08, dry: 0.5 }).processStereo(left, right);
  // The drums stay out of the room, and crisp.
  for (const bar of CHORDS.keys()) playDrums(play, sampleRate, bar, bar === CHORDS.length - 1);
  finish(tape, sampleRate);
  return { sampleRate, channels: tape };
}

function playPiano(play: Play, sampleRate: number, bar: number, chord: readonly number[], last: boolean): void {
  // On the first beat, and a push before the third.
  const strokes = last
    ? [{ at: 0, beats: 4 }]
    : [
        { at: 0, beats: 1.4 },
        { at: 1.5, beats: 2.3 },
      ];
  for (const { at, beats } of strokes) {
    for (const [k, note] of chord.entries()) {
      // Close chords below the middle are mud: what is low there is played an octave up.
      const sound = electricPiano(sampleRate, frequencyOf(note < 55 ? note + 12 : note), beats * BEAT);
      // Fingers do not land at once.
      play(sound, bar * 4 + at + 0.012 * k, 0.11, -0.5 + 0.25 * k);
    }
  }
}

function playGuitar(play: Play, sampleRate: number, bar: number, chord: readonly number[], last: boolean): void {
  const noise = noiseSource(7 + bar);
  const pattern = last ? [0, 1, 2, 3] : [0, 2, 1, 3, 2, 1, 3, 2];
  for (const [k, step] of pattern.entries()) {
    const note = (chord[step] as number) + 12;
    play(pluck(sampleRate, frequencyOf(note), 1.4, noise), bar * 4 + k / 2, k % 2 === 0 ? 0.16 : 0.12, 0.55);
  }
}

function playBass(play: Play, sampleRate: number, bar: number, root: number, last: boolean): void {
  const low = root - 24 < 33 ? root - 12 : root - 24;
  const line = last
    ? [{ at: 0, beats: 3.5, note: low }]
    : [
        { at: 0, beats: 1.4, note: low },
        { at: 1.5, beats: 0.45, note: low },
        { at: 2, beats: 1.4, note: low + 7 },
        { at: 3.5, beats: 0.45, note: low + 12 },
      ];
  for (const { at, beats, note } of line) play(bass(sampleRate, frequencyOf(note), beats * BEAT), bar * 4 + at, 0.26);
}

function playDrums(play: Play, sampleRate: number, bar: number, last: boolean): void {
  const noise = noiseSource(99 + bar);
  const start = bar * 4;
  if (last) {
    play(kick(sampleRate), start, 0.5);
    play(hat(sampleRate, 5, noise), start, 0.12, -0.2);
    return;
  }
  for (const beat of [0, 2, 2.5]) play(kick(sampleRate), start + beat, beat === 2.5 ? 0.3 : 0.5);
  for (const beat of [1, 3]) play(snare(sampleRate, noise), start + beat, 0.3, 0.05);
  for (let k = 0; k < 8; k++)
    play(hat(sampleRate, k === 7 ? 14 : 55, noise), start + k / 2, k % 2 === 0 ? 0.09 : 0.13, -0.3);
}

/** Brings the tape to its level and lets the end fade. */
function finish(tape: readonly Float32Array[], sampleRate: number): void {
  let peak = 0;
  for (const plane of tape) for (const x of plane) peak = Math.max(peak, Math.abs(x));
  const fade = Math.round(RING * sampleRate);
  for (const plane of tape) {
    for (let n = 0; n < plane.length; n++) {
      const end = Math.min(1, (plane.length - n) / fade);
      plane[n] = ((plane[n] as number) * PEAK * end) / peak;
    }
  }
}
