import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Parts of the address space that ipaddr.js takes for ordinary and that lead into other networks all the same. */
const SPECIAL_V4 = ["192.88.99.0/24", "198.18.0.0/15"].map((range) => ipaddr.IPv4.parseCIDR(range));

/** The only part of IPv6 that is routed publicly, and what lies within it that is not. */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR("2000::/3");
const SPECIAL_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map((range) =>
  ipaddr.IPv6.parseCIDR(range),
);

/**
 * Whether an IP address (without brackets) is one of the public internet: not loopback, private, link-local, shared,
 * multicast, reserved or documentation space, and no form of IPv6 that carries an IPv4 address inside.
 */
export function isPublicAddress(address: string): boolean {
  // ipaddr.js also reads shortened forms, which no resolver answers.
  if (isIP(address) === 0) return false;
  // A v4-mapped address is judged as the IPv4 address that it stands for.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv4) return !SPECIAL_V4.some((range) => parsed.match(range));
  return parsed.match(GLOBAL_V6) && !SPECIAL_V6.some((range) => parsed.match(range));
}
