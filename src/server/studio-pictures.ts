import type { FastifyInstance } from "fastify";
import type { Services } from "../../handler/services.ts";
import { AppError } from "../errors.ts";
import { AVATAR_PICTURES_KEPT } from "../limits/server.ts";
import { avatarPicture } from "../pipelines/chunks/avatar-picture.ts";
import { SERVER_ROUTES } from "./descriptions.ts";

/** Serves `GET /api/avatars/{person}/picture`: how somebody looks before they say anything, 360p, JPEG. */
export async function pictureRoutes(
  app: FastifyInstance,
  { services }: { readonly services: Services },
): Promise<void> {
  const drawn = new Map<string, Promise<Uint8Array>>();
  app.get("/api/avatars/:person/picture", { config: { describe: SERVER_ROUTES.picture } }, async (request, reply) => {
    const { person } = request.params as { person: string };
    let picture = drawn.get(person);
    if (!picture) {
      // Only people who exist are remembered.
      picture = draw(person, services).catch((error: unknown) => {
        drawn.delete(person);
        throw error;
      });
      const [oldest] = drawn.keys();
      if (oldest !== undefined && drawn.size >= AVATAR_PICTURES_KEPT) drawn.delete(oldest);
      drawn.set(person, picture);
    }
    return reply
      .type("image/jpeg")
      .header("cache-control", "private, max-age=3600")
      .send(await picture);
  });
}

async function draw(person: string, { engines }: Services): Promise<Uint8Array> {
  for (const engine of await engines.available("lipsync")) {
    if (!(await engine.avatars()).some((each) => each.person === person)) continue;
    const look = { avatar: `${person}_short`, resolution: "360p" } as const;
    return avatarPicture(engine, look, new AbortController().signal);
  }
  throw new AppError("not_found", `There is no avatar ${JSON.stringify(person)}.`);
}
