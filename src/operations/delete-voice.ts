import { z } from "zod";
import { suggest } from "../engines/catalog.ts";
import { AppError } from "../errors.ts";
import { shippedVoices, storedVoices } from "../pipelines/speaker.ts";
import { defineOperation } from "./operation.ts";

export const deleteVoice = defineOperation({
  name: "delete_voice",
  summary: "Forgets a stored reference voice, with its recording.",
  description: "Voices that ship with Talkbox cannot be deleted.",
  params: z.strictObject({ name: z.string().min(1).max(200) }),
  result: z.strictObject({ success: z.literal(true), name: z.string() }),
  limits: [],
  example: { name: "mina" },
  heavy: false,
  async run(params, context) {
    const name = params.name.trim().normalize("NFC");
    const stored = storedVoices(context);
    if (await stored.remove(name)) return { success: true as const, name };
    const shipped = await shippedVoices(context);
    if (shipped.some((voice) => voice.toLowerCase() === name.toLowerCase())) {
      throw new AppError("conflict", `"${name}" is a voice that ships with Talkbox; it cannot be deleted.`);
    }
    const known = (await stored.all()).map((voice) => voice.name);
    throw new AppError("not_found", `There is no stored voice "${name}". ${suggest(name, known)}`);
  },
});
