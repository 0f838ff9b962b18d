import { isIP, type LookupFunction } from "node:net";
import { AppError, toAppError } from "../errors.ts";
import { pinHost, type Resolver, systemResolver } from "./pinned-host.ts";
import { isPublicAddress } from "./public-address.ts";

/**
 * A resolver for connections to hosts that a caller names: it answers public addresses and fails for others. A host
 * that is an address itself is never looked up: see `refuseAddress`.
 */
export function guardedLookup(resolver: Resolver = systemResolver): LookupFunction {
  return (hostname, options, answer) => {
    pinHost(new URL(`http://${hostname}`), resolver, false).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) answer(null, [...addresses]);
        else if (first) answer(null, first.address, first.family);
      },
      (error: unknown) => answer(toAppError(error), ""),
    );
  };
}

/** @throws AppError url_refused when the URL's host is an address that is not public */
export function refuseAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) === 0 || isPublicAddress(host)) return;
  throw new AppError("url_refused", "The URL leads to an address that is not public. Use a public http or https URL.");
}
