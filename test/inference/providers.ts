import { describe } from "node:test";
import { inferenceThreads } from "../../src/inference/inference-threads.ts";
import { probeProvider, providerRemedy } from "../../src/inference/providers.ts";
import { PROVIDERS, type Provider } from "../../src/inference/tensor.ts";

/**
 * The providers that suites are to run on: `TALKBOX_TEST_PROVIDERS=cuda,webgpu npm test -- test/inference` runs them on one
 * after the other. The default is the CPU, which every machine has. One that is asked for and does not work here fails
 * every file of such suites, with its reason, rather than leave them out.
 */
export const TEST_PROVIDERS: readonly Provider[] = (process.env["TALKBOX_TEST_PROVIDERS"] ?? "cpu")
  .split(",")
  .map((name) => {
    const provider = PROVIDERS.find((known) => known === name.trim());
    if (!provider) throw new Error(`TALKBOX_TEST_PROVIDERS names "${name}". Known: ${PROVIDERS.join(", ")}.`);
    return provider;
  });

for (const provider of TEST_PROVIDERS) {
  if (provider === "cpu") continue;
  await using use = await inferenceThreads.use(provider);
  const state = await probeProvider(use.thread, provider);
  if (state.works) continue;
  const { reason } = state;
  throw new Error(
    `TALKBOX_TEST_PROVIDERS names ${provider}, which does not work here: ${reason}. ${providerRemedy({ provider, reason })}`,
  );
}

/** How far results may be from the CPU's: TensorFloat-32 and fused kernels round differently. */
export const tolerance = (provider: Provider): number => (provider === "cpu" ? 1e-5 : 1e-2);

/** A suite that is run once on each provider asked for. */
export function describeOnProviders(name: string, suite: (provider: Provider) => void): void {
  for (const provider of TEST_PROVIDERS) describe(`${name}, on ${provider}`, () => suite(provider));
}
