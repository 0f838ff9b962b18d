import type { MotionSheet } from "../motion-sheet.ts";

/** Idle life of a photographed person: a head that hardly moves, and blinks where the eyes were found. */
export const PHOTO_MOTION: MotionSheet = {
  loops: {
    short: {
      seconds: 5,
      channels: {
        breath: [{ cycles: 1, amplitude: 1, phase: 0.75 }],
        roll: [{ cycles: 1, amplitude: 0.3, phase: 0.1 }],
        x: [
          { cycles: 1, amplitude: 1, phase: 0.04 },
          { cycles: 2, amplitude: 0.35, phase: 0.4 },
        ],
        y: [{ cycles: 2, amplitude: 0.4, phase: 0.2 }],
        yaw: [{ cycles: 1, amplitude: 1, phase: 0.93 }],
        pitch: [{ cycles: 1, amplitude: 0.5, phase: 0.35 }],
      },
      blinks: [1.36, 3.92],
      glances: [],
      brows: [],
    },
    long: {
      seconds: 10,
      channels: {
        breath: [{ cycles: 3, amplitude: 1, phase: 0.75 }],
        roll: [
          { cycles: 2, amplitude: 0.26, phase: 0.55 },
          { cycles: 3, amplitude: 0.12, phase: 0.12 },
        ],
        x: [
          { cycles: 2, amplitude: 0.9, phase: 0.5 },
          { cycles: 3, amplitude: 0.4, phase: 0.05 },
        ],
        y: [
          { cycles: 3, amplitude: 0.3, phase: 0.3 },
          { cycles: 5, amplitude: 0.2, phase: 0.65 },
        ],
        yaw: [
          { cycles: 1, amplitude: 0.9, phase: 0.2 },
          { cycles: 3, amplitude: 0.5, phase: 0.7 },
        ],
        pitch: [{ cycles: 2, amplitude: 0.5, phase: 0.15 }],
      },
      blinks: [1.08, 4.3, 4.72, 8.2],
      glances: [],
      brows: [],
    },
  },
};
