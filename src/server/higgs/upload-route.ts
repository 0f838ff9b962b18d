import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError, toAppError } from "../../errors.ts";
import { MAX_VOICE_UPLOAD_BYTES } from "../../limits/inputs.ts";
import { withinLimit } from "../form-limit.ts";
import type { RouteParts } from "../route-parts.ts";
import { MESSAGES } from "../messages.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { HIGGS_ROUTES } from "./descriptions.ts";
import { uploadFields } from "./fields.ts";
import { sniffAudio } from "./sniff-audio.ts";

/** Most bytes of a form: its file, and 64 KiB besides. */
const MAX_FORM_BYTES = MAX_VOICE_UPLOAD_BYTES + 64 * 1024;
const MEGABYTE = 1024 * 1024;

/** What was sent: the file, its name, and the other fields. */
type Form = { readonly file: Buffer; readonly filename: string; readonly fields: Readonly<Record<string, string>> };

/** Keeps an uploaded recording as a reference voice. What is too large is refused before it is read. */
export async function uploadRoute(app: FastifyInstance, parts: RouteParts): Promise<void> {
  await app.register(multipart, {
    limits: {
      fileSize: MAX_VOICE_UPLOAD_BYTES + 1,
      files: 1,
      fields: 10,
      fieldSize: 8 * 1024,
      fieldNameSize: 100,
      parts: 11,
    },
  });
  app.addHook("onRequest", async (request) => {
    const announced = Number(request.headers["content-length"] ?? 0);
    if (announced > MAX_FORM_BYTES) throw tooLarge();
  });
  app.post("/upload-voice", { config: { describe: HIGGS_ROUTES.upload } }, async (request, reply) => {
    const signal = callerGone(request, reply);
    const { file, filename, fields } = await withinLimit(request, MAX_FORM_BYTES, () => readForm(request));
    if (file.length === 0) throw invalid("file", MESSAGES.higgs.fileNeeded);
    if (sniffAudio(file) === undefined) throw new AppError("invalid_audio", MESSAGES.higgs.notAudio);
    const { name: wanted = "", description = "", overwrite = "" } = uploadFields.partial().parse(fields);
    const name = voiceName(wanted, filename);
    const params = {
      audio: file.toString("base64"),
      name,
      overwrite: ["true", "1", "yes", "on"].includes(overwrite.trim().toLowerCase()),
      ...(description.trim() === "" ? {} : { description: description.trim() }),
    };
    const job = await startRouteJob(parts, { operation: "upload_voice", params }, { signal });
    const result = await job.result().catch((error: unknown) => {
      const failure = toAppError(error);
      throw failure.code === "conflict" ? new AppError("conflict", MESSAGES.higgs.voiceTaken(name)) : failure;
    });
    return { name: result["name"], description: result["description"], duration: result["duration"] };
  });
}

async function readForm(request: FastifyRequest): Promise<Form> {
  if (!request.isMultipart()) throw invalid("file", MESSAGES.higgs.formNeeded);
  const fields: Record<string, string> = {};
  let file: Buffer | undefined;
  let filename = "";
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") fields[part.fieldname] = typeof part.value === "string" ? part.value : "";
      else if (part.fieldname === "file") {
        filename = part.filename ?? "";
        file = await readFile(part.file);
      } else part.file.resume();
    }
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (error instanceof AppError || (statusCode !== undefined && statusCode >= 500)) throw error;
    throw new AppError("invalid_input", MESSAGES.higgs.formNeeded, { cause: error });
  }
  if (!file) throw invalid("file", MESSAGES.higgs.fileNeeded);
  return { file, filename, fields };
}

/** A file's bytes; one that is too large is given up as soon as that is known, not when all of it has come. */
async function readFile(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of file) {
    bytes += piece.length;
    if (bytes > MAX_VOICE_UPLOAD_BYTES) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The name that was given, else the file's own without its folder and extension. */
function voiceName(given: string, filename: string): string {
  const wanted = given.trim();
  if (/[/\\\p{Cc}]|^\.+$/u.test(wanted)) throw invalid("name", MESSAGES.higgs.badName);
  if (wanted !== "") return wanted;
  const own = (filename.split(/[/\\]/).at(-1) ?? "").replace(/\.[A-Za-z0-9]{1,5}$/, "").trim();
  if (own === "" || /^\.+$/.test(own)) throw invalid("name", MESSAGES.higgs.nameNeeded);
  return own;
}

function invalid(path: string, message: string): AppError {
  return new AppError("invalid_input", message, { violations: [{ path, message }] });
}

function tooLarge(): AppError {
  return new AppError("input_too_large", MESSAGES.higgs.tooLarge(MAX_VOICE_UPLOAD_BYTES / MEGABYTE));
}
