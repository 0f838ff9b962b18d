import type { ServerOptions } from "node:http";
import type { SERVER_PATIENCE } from "../limits/server.ts";

/** How long the server waits for what callers owe it, and how long they may have it work; milliseconds. */
export type Patience = { readonly [what in keyof typeof SERVER_PATIENCE]: number };

/** Cuts off, with 408, who sends a request's head or body so slowly that connections could be used up that way. */
export function listenerOptions({ headMs, requestMs, lookMs }: Patience): ServerOptions {
  return { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: lookMs };
}
