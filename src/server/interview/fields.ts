import { z } from "zod";

/** The name that a caller wants to be able to cancel a job by. */
const sid = z.string().max(200).describe("A name of the caller's own, by which `/api/cancel` finds the job.");

export const ttsFields = z.object({
  text: z.string(),
  engine: z.string().max(200).optional(),
  voice: z.string().max(200).optional(),
  sid: sid.optional(),
});

export const cancelFields = z.object({ sid });
