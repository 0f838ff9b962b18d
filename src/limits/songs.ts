/** Limits of covers of whole songs. */

/**
 * Stems and converted vocals that are kept so that another mix or another voice costs no separation: most bytes of them,
 * some 170 MB for four minutes of song; time after its last use in which one stays whatever comes, as another process may
 * still read it, and after which it goes whatever room there is, as songs are their owners'; and age of what a process that
 * died has left, in milliseconds.
 */
export const KEPT_SONGS = {
  bytes: 8e9,
  freshMs: 600_000,
  longestMs: 24 * 3_600_000,
  abandonedMs: 6 * 3_600_000,
} as const;

/**
 * Time after which threads that took a song apart end when there is no other, in milliseconds: each has grown to 100 MB,
 * and the conversion that follows needs the room.
 */
export const IDLE_SEPARATION_MS = 1000;

/** Past runs of each stage that its speed is learnt from, and how many of the nearest in length are asked. */
export const KEPT_SPEEDS = { runs: 24, asked: 5 } as const;

/**
 * What is listened to where a singer is measured: seconds that are not silent, evenly spread, once to twice so many;
 * frames of 10 ms with a pitch under which there is none; and seconds of a recording of a voice.
 */
export const MEASURED_PITCH = { seconds: 30, leastFrames: 30, recordingSeconds: 600 } as const;

/** Ranges of singers and voices that are remembered. */
export const KEPT_PITCH_RANGES = 500;

/**
 * Settings of RoFormers that separate songs: most bytes of a file of them, and the longest chunk that such a network hears
 * at once, in samples: its memory grows with it.
 */
export const ROFORMER_SETTINGS = { bytes: 65_536, samples: 1_323_000 } as const;
