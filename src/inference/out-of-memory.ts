import { AppError } from "../errors.ts";

/**
 * What the runtime's providers say when memory is short: the arena of ONNX Runtime (`bfc_arena.cc`), CUDA's calls,
 * cuBLAS, cuDNN and TensorRT, C++ on the CPU, and WebGPU over Vulkan. They have no code of their own for it.
 */
const SAID =
  /failed to allocate memory|available memory of \d+ is smaller than requested|out of memory|out_of_(?:device_|host_)?memory|alloc(?:ation)?_failed|bad_alloc|bad allocation|exceeds the max buffer size/i;

/** Whether an error of a run or of a load says that memory was short. */
export function isOutOfMemory(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (!(at instanceof AppError) && SAID.test(at.message)) return true;
  }
  return false;
}
