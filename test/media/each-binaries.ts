import { describe, it } from "node:test";
import { type Binaries, resolveBinaries } from "../../src/media/binaries.ts";

/** The pairs of binaries that this machine has: the system's, if any, and the npm packages'. */
export async function availableBinaries(): Promise<readonly Binaries[]> {
  const [preferred, packaged] = await Promise.all([resolveBinaries(), resolveBinaries({ ignoreSystem: true })]);
  return preferred.ffmpeg.source === "system" ? [preferred, packaged] : [packaged];
}

/** Runs a suite once for each pair of binaries; says so where the system has none. */
export async function describeEachBinaries(name: string, suite: (binaries: Binaries) => void): Promise<void> {
  const pairs = await availableBinaries();
  for (const binaries of pairs) describe(`${name} (${binaries.ffmpeg.source} ffmpeg)`, () => suite(binaries));
  if (pairs.length === 1) {
    describe(`${name} (system ffmpeg)`, () => {
      it("is left out", { skip: "there is no ffmpeg on this machine; install one to run this too" }, () => undefined);
    });
  }
}
