import { describe } from "node:test";
import { PROVIDERS, type Provider } from "../../src/inference/tensor.ts";

/**
 * The providers that suites are to run on: `TALKBOX_TEST_PROVIDERS=cuda,webgpu npm test -- test/inference`. The default is
 * the CPU, which every machine has. One that is asked for and does not work here fails its tests rather than leave them
 * out.
 */
export const TEST_PROVIDERS: readonly Provider[] = (process.env["TALKBOX_TEST_PROVIDERS"] ?? "cpu")
  .split(",")
  .map((name) => {
    const provider = PROVIDERS.find((known) => known === name.trim());
    if (!provider) throw new Error(`TALKBOX_TEST_PROVIDERS names "${name}". Known: ${PROVIDERS.join(", ")}.`);
    return provider;
  });

/** How far results may be from the CPU's: TensorFloat-32 and fused kernels round differently. */
export const tolerance = (provider: Provider): number => (provider === "cpu" ? 1e-5 : 1e-2);

/** A suite that is run once on each provider asked for. */
export function describeOnProviders(name: string, suite: (provider: Provider) => void): void {
  for (const provider of TEST_PROVIDERS) describe(`${name}, on ${provider}`, () => suite(provider));
}
