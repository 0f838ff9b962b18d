import { setImmediate as nextTurn } from "node:timers/promises";

/** Bytes of a page at least, and bytes that are touched between two turns of the event loop. */
const PAGE = 4096;
const SLICE = 1 << 18;

/**
 * Has the system give memory for `bytes` little by little, and hands it to the C library, where what is allocated next in
 * one go finds it. Each page of fresh memory is a fault of 1 to 15 µs: those of 10 MB at once hold up the event loop for up
 * to 40 ms where the machine is a virtual one whose host takes free memory back.
 */
export async function warmMemory(bytes: number): Promise<void> {
  const memory = Buffer.allocUnsafeSlow(bytes);
  for (let at = 0; at < bytes; at += PAGE) {
    memory[at] = 0;
    if (at % SLICE === 0) await nextTurn();
  }
  // Given back at once, not when the garbage is collected.
  memory.buffer.transfer(0);
}
