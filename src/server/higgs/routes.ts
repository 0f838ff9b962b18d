import type { FastifyInstance } from "fastify";
import { detectDevice } from "../../inference/devices.ts";
import type { RouteParts } from "../route-parts.ts";
import { detailErrorForm, renderErrors } from "../error-form.ts";
import { acceptLegacyBodies } from "../legacy-body.ts";
import { generateRoutes } from "./generate-routes.ts";
import { uploadRoute } from "./upload-route.ts";
import { listVoices } from "./voices.ts";

/** The Higgs Audio API, document 003, on whatever speech engine there is. */
export async function higgsRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { services } = parts;
  acceptLegacyBodies(app);
  renderErrors(app, parts, detailErrorForm);
  app.get("/health", async () => {
    const engines = await services.engines.available("speech");
    const loaded = engines.length > 0;
    return {
      status: loaded ? "healthy" : "unhealthy",
      model_loaded: loaded,
      device: detectDevice().device,
      voices_available: loaded ? (await listVoices(services)).length : 0,
    };
  });
  app.get("/voices", () => listVoices(services));
  generateRoutes(app, parts);
  await app.register(async (uploads) => uploadRoute(uploads, parts));
}
