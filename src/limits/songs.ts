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
