import type { FastifyInstance } from "fastify";
import type { RouteParts } from "../route-parts.ts";
import { renderErrors, successErrorForm } from "../error-form.ts";
import { acceptLegacyBodies } from "../legacy-body.ts";
import { startCleanup } from "./lifetime.ts";
import { avatarError, lipsyncRoutes } from "./lipsync-routes.ts";
import { statusRoutes } from "./status-routes.ts";
import { videoRoutes } from "./video-routes.ts";

/** The lip-sync avatar API, document 000; what document 001 has of it goes by the same routes. */
export async function avatarRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  acceptLegacyBodies(app);
  renderErrors(app, parts, successErrorForm, avatarError);
  statusRoutes(app, parts);
  lipsyncRoutes(app, parts);
  videoRoutes(app, parts);
  startCleanup(app, parts);
}
