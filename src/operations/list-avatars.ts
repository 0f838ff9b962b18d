import { z } from "zod";
import { defineOperation } from "./operation.ts";

export const listAvatars = defineOperation({
  name: "list_avatars",
  summary: "The avatars that `lipsync` can animate.",
  description:
    "Each person has a short and a long idle loop, each at three sizes. Photos and videos that `upload_avatar` keeps are listed alike.",
  params: z.strictObject({}),
  result: z.strictObject({
    avatars: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        description: z.string(),
        resolution: z.enum(["720p", "480p", "360p"]),
        engine: z.string(),
      }),
    ),
    count: z.number().int(),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, { engines }) {
    const avatars = [];
    for (const engine of await engines.available("lipsync")) {
      for (const { id, description, resolution } of await engine.avatars()) {
        avatars.push({ id, name: id, description, resolution, engine: engine.info.id });
      }
    }
    return { avatars, count: avatars.length };
  },
});
