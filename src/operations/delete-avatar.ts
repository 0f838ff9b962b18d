import { z } from "zod";
import { suggest } from "../engines/catalog.ts";
import { AppError } from "../errors.ts";
import { defineOperation } from "./operation.ts";

export const deleteAvatar = defineOperation({
  name: "delete_avatar",
  summary: "Removes an avatar that `upload_avatar` kept.",
  description: "Avatars that come with Talkbox, or lie in its models folder, cannot be deleted.",
  params: z.strictObject({ name: z.string().min(1).max(200) }),
  result: z.strictObject({ success: z.literal(true), name: z.string() }),
  limits: [],
  example: { name: "anna" },
  heavy: false,
  async run({ name: wanted }, { avatars: stored }) {
    const name = wanted.trim().normalize("NFC");
    if (!(await stored.remove(name))) {
      const names = (await stored.all()).filter(({ shipped }) => !shipped).map((avatar) => avatar.name);
      throw new AppError("not_found", `There is no stored avatar "${name}". ${suggest(name, names)}`);
    }
    return { success: true as const, name };
  },
});
