import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { AppError } from "../errors.ts";
import { isPublicAddress } from "./public-address.ts";

/** An address that a name stands for. */
export type HostAddress = { readonly address: string; readonly family: 4 | 6 };

/** Finds the addresses of a host name. */
export type Resolver = (hostname: string) => Promise<readonly HostAddress[]>;

/** The operating system's resolver. */
export const systemResolver: Resolver = async (hostname) => {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/**
 * The addresses to connect to for a URL; every one of them is public, or private and allowed. Connecting to these, and
 * not to the name again, keeps a name from changing its meaning in between.
 *
 * @throws AppError url_refused when one is not public; download_failed when the name stands for none
 */
export async function pinHost(
  url: URL,
  resolver: Resolver,
  allowPrivate: boolean | readonly string[],
  isPublic = isPublicAddress,
): Promise<readonly HostAddress[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  const addresses =
    family === 0 ? await resolve(host, resolver) : [{ address: host, family: family === 6 ? 6 : 4 } as const];
  const allowed = (address: string) =>
    typeof allowPrivate === "boolean" ? allowPrivate : allowPrivate.includes(address);
  if (!addresses.every(({ address }) => isPublic(address) || allowed(address))) {
    throw new AppError(
      "url_refused",
      "The URL leads to an address that is not public. Use a public http or https URL.",
    );
  }
  return addresses;
}

async function resolve(host: string, resolver: Resolver): Promise<readonly HostAddress[]> {
  let addresses: readonly HostAddress[] = [];
  try {
    addresses = await resolver(host);
  } catch (error) {
    throw unknownHost(error);
  }
  if (addresses.length === 0) throw unknownHost();
  return addresses;
}

function unknownHost(cause?: unknown): AppError {
  return new AppError("download_failed", "The host of the URL cannot be found. Check the URL.", { cause });
}
