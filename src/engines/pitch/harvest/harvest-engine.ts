import { WorldPitch } from "../world-pitch.ts";

/** Makes the engine `harvest`: smooth, complete, rarely an octave wrong. No thread starts before it is used. */
export function createHarvestEngine(threads?: number): WorldPitch {
  return new WorldPitch(
    "harvest",
    "Harvest of the WORLD vocoder: a smooth and complete pitch curve; DIO helps where the voice is high",
    threads,
  );
}
