import { writeFile } from "node:fs/promises";
import { DOWNLOAD_TIMEOUT_MS, MAX_DOWNLOAD_BYTES, MAX_INLINE_INPUT_BYTES } from "../limits/inputs.ts";
import { decodeBase64 } from "../net/base64.ts";
import { guardedFetch } from "../net/guarded-fetch.ts";
import type { PipelineContext } from "./pipeline.ts";

/** Error codes for base64 that is none, by what the input was to be. */
const CODES = { audio: "invalid_audio", picture: "invalid_input" } as const;

/**
 * Puts a caller's input, base64 (with or without a data-URL prefix) or a URL, into a file.
 * @throws AppError `invalid_audio` or `invalid_input` for what is not base64; `input_too_large`, `url_refused`,
 *   `download_failed`, `timeout`
 */
export async function fetchInput(
  source: string,
  path: string,
  { kind }: { readonly kind: keyof typeof CODES },
  context: PipelineContext,
): Promise<void> {
  const { clock, config, signal } = context;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
    const bytes = await decodeBase64(source, { maxBytes: MAX_INLINE_INPUT_BYTES, code: CODES[kind], signal });
    await writeFile(path, bytes);
    return;
  }
  await clock.time("download", () =>
    guardedFetch(source, {
      path,
      maxBytes: MAX_DOWNLOAD_BYTES,
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
      allowPrivate: config.allowPrivateUrls,
      signal,
    }),
  );
}
