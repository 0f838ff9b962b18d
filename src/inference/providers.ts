/** Where networks may run: the order to try, and what each provider said when it was tried. */

import { existsSync, readdirSync } from "node:fs";
import { AppError } from "../errors.ts";
import { detectDevice } from "./devices.ts";
import type { InferenceThread } from "./session.ts";
import { type Provider, PROVIDERS, type Refusal } from "./tensor.ts";

/** An order of providers. `passedOver` are those that it would have begun with, were their device here. */
export type ProviderOrder = {
  readonly providers: readonly Provider[];
  readonly passedOver: readonly Refusal[];
  /** Which of several GPUs, from 0. */
  readonly device: number;
};

/** What is known of a provider since it was first tried in this process. */
export type ProviderState = { readonly works: true } | { readonly works: false; readonly reason: string };

/** Filled as providers are tried. Only this folder writes it. */
export const providerStates = new Map<Provider, ProviderState>();

/**
 * Reads an order such as `cuda,cpu` or `cuda:1,webgpu,cpu`. Empty: CUDA where an NVIDIA device is, WebGPU where a
 * graphics device is (without one it would draw on the processor, more slowly than the CPU provider), then the CPU.
 * @throws AppError `invalid_input` for a provider that there is not
 */
export function readProviders(text: string, present = presentDevices()): ProviderOrder {
  if (text.trim() === "") return automaticOrder(present);
  const providers: Provider[] = [];
  let device = 0;
  for (const part of text.split(",")) {
    const [, name, index] = /^\s*([a-z]+)(?::(\d{1,2}))?\s*$/.exec(part) ?? [];
    const provider = PROVIDERS.find((known) => known === name);
    const countable = provider === "cuda" || provider === "tensorrt";
    if (!provider || (index !== undefined && !countable)) {
      throw new AppError(
        "invalid_input",
        `"${part.trim()}" is no provider. Known: ${PROVIDERS.join(", ")}; cuda:1 is the second GPU.`,
      );
    }
    if (index !== undefined) device = Number(index);
    if (!providers.includes(provider)) providers.push(provider);
  }
  return { providers, passedOver: [], device };
}

/** Devices that providers need. */
export type PresentDevices = { readonly nvidia: boolean; readonly graphics: boolean };

function presentDevices(): PresentDevices {
  const nvidia = detectDevice().gpuAvailable;
  const nodes = existsSync("/dev/dri") ? readdirSync("/dev/dri") : [];
  // Outside Linux every desktop has one.
  const graphics = process.platform !== "linux" || nvidia || nodes.some((node) => node.startsWith("renderD"));
  return { nvidia, graphics };
}

function automaticOrder({ nvidia, graphics }: PresentDevices): ProviderOrder {
  const providers: Provider[] = [];
  const passedOver: Refusal[] = [];
  const consider = (provider: Provider, here: boolean, reason: string): void => {
    if (here) providers.push(provider);
    else passedOver.push({ provider, reason });
  };
  consider("cuda", nvidia, "No NVIDIA device is here.");
  consider("webgpu", graphics, "No graphics device is here.");
  providers.push("cpu");
  return { providers, passedOver, device: 0 };
}

/** A provider as lists show it. `untried`: no network has been opened on it yet. */
export type ProviderStatus = {
  readonly name: Provider;
  readonly state: "works" | "failed" | "untried";
  readonly reason?: string;
  readonly remedy?: string;
};

/** What is known of the providers of an order so far; nothing is loaded for it. */
export function providerStatus({ providers, passedOver }: ProviderOrder): ProviderStatus[] {
  const failed = (refusal: Refusal): ProviderStatus => ({
    name: refusal.provider,
    state: "failed",
    reason: refusal.reason,
    remedy: providerRemedy(refusal),
  });
  const tried = providers.map((name): ProviderStatus => {
    const state = providerStates.get(name);
    if (!state) return { name, state: "untried" };
    return state.works ? { name, state: "works" } : failed({ provider: name, reason: state.reason });
  });
  return [...passedOver.map(failed), ...tried];
}

/** A network of one node, `y = x + x`, as `graphs/` writes it. */
const PROBE = Buffer.from(
  "CAg6OwoOCgF4CgF4EgF5IgNBZGQSBXR3aWNlWhAKAXgSCwoJCAESBQoDEgFuYhAKAXkSCwoJCAESBQoDEgFuQgQKABAR",
  "base64",
);

/**
 * Whether a provider works here at all: runs the smallest network on it. What is found out is kept for this process.
 * @throws AppError `engine_unavailable` if ONNX Runtime itself does not load
 */
export async function probeProvider(thread: InferenceThread, provider: Provider, device = 0): Promise<ProviderState> {
  const known = providerStates.get(provider);
  if (known) return known;
  const state = await tryProvider(thread, provider, device);
  providerStates.set(provider, state);
  return state;
}

async function tryProvider(thread: InferenceThread, provider: Provider, device: number): Promise<ProviderState> {
  try {
    await using session = await thread.open(PROBE, { providers: [provider], device });
    const { y } = await session.run({ x: { type: "float32", dims: [1], data: Float32Array.of(21) } });
    if (y?.data[0] === 42) return { works: true };
    return { works: false, reason: `It runs, but 21 + 21 was ${y?.data[0]}.` };
  } catch (error) {
    if (error instanceof AppError && error.code === "engine_unavailable") throw error;
    return { works: false, reason: reasonOf(error, provider) };
  }
}

/** What a provider said, without its name in front. */
export function reasonOf(error: unknown, provider: Provider): string {
  const cause = error instanceof AppError && error.cause instanceof Error ? error.cause : error;
  const said = cause instanceof Error ? cause.message : String(cause);
  return said.startsWith(`${provider}: `) ? said.slice(provider.length + 2) : said;
}

/** What helps against the reason for which a provider does not work: texts that the loaders of each are known to say. */
const REMEDIES: readonly { said: RegExp; remedy: string }[] = [
  { said: /libcudnn/, remedy: "Install cuDNN 9 for CUDA 12, or use the GPU image." },
  { said: /lib(?:cu(?:dart|blas|fft|rand)|nvrtc)/, remedy: "Install the libraries of CUDA 12, or use the GPU image." },
  { said: /libnvinfer|providers_tensorrt/, remedy: "Install TensorRT 10 for CUDA 12, or leave tensorrt out." },
  { said: /libcuda\.so|driver version is insufficient/, remedy: "Install a newer NVIDIA driver on the host." },
  { said: /no CUDA-capable device|No NVIDIA/, remedy: "Give this machine or container an NVIDIA GPU (--gpus all)." },
  {
    said: /No supported adapters|No graphics/,
    remedy: "Install the graphics driver's Vulkan part and its loader (libvulkan1), and give the container the GPU.",
  },
  // What a library lacks stands behind its own name.
  {
    said: /onnxruntime_providers_(?:cuda|shared)|ExecutionProvider_Cuda: Failed to load|backend not found/,
    remedy: "Install ONNX Runtime's CUDA libraries, ONNXRUNTIME_NODE_INSTALL=true npm ci, or use the GPU image.",
  },
];

/** What to do about a provider that does not work here. */
export function providerRemedy({ provider, reason }: Refusal): string {
  const known = REMEDIES.find(({ said }) => said.test(reason));
  return known?.remedy ?? `Mend what it says, or leave ${provider} out of TALKBOX_PROVIDERS.`;
}
