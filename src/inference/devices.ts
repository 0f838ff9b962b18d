import { existsSync, readdirSync } from "node:fs";

/** Where networks can run here, as far as can be told without loading the runtime. */
export type DeviceReport = { readonly device: "cuda" | "cpu"; readonly gpuAvailable: boolean };

/**
 * Looks for an NVIDIA device node. Costs microseconds; whether the runtime's CUDA provider really loads is for
 * `probeRuntime` to say.
 */
export function detectDevice(): DeviceReport {
  const found = existsSync("/dev/nvidiactl") || (existsSync("/dev/dxg") && existsSync("/usr/lib/wsl/lib/libcuda.so"));
  return { device: found ? "cuda" : "cpu", gpuAvailable: found };
}

/** A provider of ONNX Runtime and whether its library came with the installation. */
export type ProviderReport = { readonly name: string; readonly bundled: boolean };

/** Loads ONNX Runtime and asks what it was built with. Throws what its native module throws. */
export async function probeRuntime(): Promise<{ version: string; providers: readonly ProviderReport[] }> {
  const runtime = await import("onnxruntime-node");
  const providers = runtime.listSupportedBackends().map(({ name, bundled }) => ({ name, bundled }));
  return { version: runtime.env.versions.node ?? runtime.env.versions.common, providers };
}

/** Names of the GPUs that the NVIDIA driver knows, without calling it. */
export function gpuNames(): readonly string[] {
  const folder = "/proc/driver/nvidia/gpus";
  return existsSync(folder) ? readdirSync(folder) : [];
}
