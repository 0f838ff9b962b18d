import type { FastifyInstance } from "fastify";
import type { RouteParts } from "./route-parts.ts";
import { chatRoutes } from "./chat/routes.ts";
import { chunkRoutes } from "./chunks/routes.ts";
import { avatarRoutes } from "./avatar/routes.ts";
import { interviewRoutes } from "./interview/routes.ts";
import { higgsRoutes } from "./higgs/routes.ts";
import { openaiSpeechRoutes } from "./openai-speech/routes.ts";

/** Registers the documented APIs, each as a plugin of its own with its own bodies and errors. */
export async function registerDocumented(app: FastifyInstance, parts: RouteParts): Promise<void> {
  await app.register(avatarRoutes, parts);
  await app.register(interviewRoutes, parts);
  await app.register(chatRoutes, parts);
  await app.register(chunkRoutes, parts);
  await app.register(higgsRoutes, parts);
  await app.register(openaiSpeechRoutes, parts);
}
