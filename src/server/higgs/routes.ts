import type { FastifyInstance } from "fastify";
import { detectDevice } from "../../inference/devices.ts";
import type { RouteParts } from "../route-parts.ts";
import { detailErrorForm, renderErrors } from "../error-form.ts";
import { acceptLegacyBodies } from "../legacy-body.ts";
import { translated } from "../translations.ts";
import { HIGGS_ROUTES } from "./descriptions.ts";
import { generateRoutes } from "./generate-routes.ts";
import { uploadRoute } from "./upload-route.ts";
import { listVoices } from "./voices.ts";

/** The Higgs Audio API, document 003, on whatever speech engine there is. */
export async function higgsRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { services } = parts;
  acceptLegacyBodies(app);
  renderErrors(app, parts, detailErrorForm, (error) => translated(error, "ko"));
  app.get("/health", { config: { describe: HIGGS_ROUTES.health } }, async () => {
    const engines = await services.engines.available("speech");
    const loaded = engines.length > 0;
    return {
      status: loaded ? "healthy" : "unhealthy",
      model_loaded: loaded,
      device: detectDevice().device,
      voices_available: loaded ? (await listVoices(services)).length : 0,
    };
  });
  app.get("/voices", { config: { describe: HIGGS_ROUTES.voices } }, () => listVoices(services));
  generateRoutes(app, parts);
  await app.register(async (uploads) => uploadRoute(uploads, parts));
}
