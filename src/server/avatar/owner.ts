import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Owner } from "../route-job.ts";

/** Who a request is from: the `sid` that it names, or one of its own, and the address it comes from. */
export function ownerOf(request: FastifyRequest, sid?: string): Owner {
  return { sid: sid ?? randomUUID(), address: request.ip };
}
