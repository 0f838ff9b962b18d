import { AppError } from "../../errors.ts";
import { DEPLOY_REQUEST_TIMEOUT_MS, DEPLOY_TRIES } from "../../limits/batch.ts";

/** A template or an endpoint as RunPod's REST API answers it. */
export type Named = { readonly id: string; readonly name: string; readonly templateId?: string };

/** The few calls of https://rest.runpod.io/v1 that a deployment needs. */
export class RunpodApi {
  readonly #base: string;
  readonly #key: string;

  constructor(base: string, key: string) {
    this.#base = base.replace(/\/+$/, "");
    this.#key = key;
  }

  /** Makes the thing of this name what `body` says, creating it if there is none. */
  async put(
    kind: "templates" | "endpoints",
    body: Readonly<Record<string, unknown>>,
  ): Promise<Named & { made: boolean }> {
    const all = (await this.#call("GET", `/${kind}`)) as readonly Named[];
    // RunPod appends " -fb" to the name of an endpoint that starts by FlashBoot.
    const found = all.find(({ name }) => name === body["name"] || name === `${String(body["name"])} -fb`);
    if (!found) return { ...((await this.#call("POST", `/${kind}`, body)) as Named), made: true };
    // A template is serverless or not for good, and an endpoint GPU or not: a change must not name these.
    const { isServerless: _s, computeType: _c, ...changes } = body;
    const changed = (await this.#call("PATCH", `/${kind}/${encodeURIComponent(found.id)}`, changes)) as Named;
    return { ...found, ...changed, made: false };
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    for (let left = DEPLOY_TRIES - 1; ; left -= 1) {
      const answer = await this.#send(method, path, body);
      if (answer.ok) return answer.json();
      const text = (await answer.text()).slice(0, 500);
      // Making a thing twice is worse than failing: only what changes nothing, or says the same again, is repeated.
      const again = method !== "POST" && (answer.status === 429 || answer.status >= 500);
      if (again && left > 0) continue;
      throw refusal(method, path, answer.status, text);
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json" },
        signal: AbortSignal.timeout(DEPLOY_REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      const message = "RunPod's API does not answer. Check the network, and status.runpod.io.";
      throw new AppError("download_failed", message, { cause });
    }
  }
}

function refusal(method: string, path: string, status: number, text: string): AppError {
  if (status === 401 || status === 403) {
    const message =
      "RunPod refuses the key. Make one with the rights to endpoints and templates, and set RUNPOD_API_KEY to it.";
    return new AppError("invalid_input", message);
  }
  const message = `RunPod answered ${method} ${path} with ${status}: ${text.trim() || "no reason given"}`;
  return new AppError(status < 500 ? "invalid_input" : "download_failed", message);
}
