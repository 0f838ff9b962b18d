import { randomUUID } from "node:crypto";

/** A field of a form: a text, or a file. */
export type FormField = string | { readonly filename: string; readonly type: string; readonly bytes: Uint8Array };

/** A form as the bytes of a request, and its content type. */
export type FormBody = { readonly body: Buffer; readonly contentType: string };

/** Writes `multipart/form-data` (RFC 7578), whose length is known beforehand: some servers take no other. */
export function multipartBody(fields: Readonly<Record<string, FormField>>): FormBody {
  const boundary = `talkbox-${randomUUID()}`;
  const pieces: Uint8Array[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const file =
      typeof field === "string" ? "" : `; filename="${quoted(field.filename)}"\r\nContent-Type: ${field.type}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n\r\n`;
    pieces.push(Buffer.from(head), typeof field === "string" ? Buffer.from(field) : field.bytes, Buffer.from("\r\n"));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return { body: Buffer.concat(pieces), contentType: `multipart/form-data; boundary=${boundary}` };
}

/** A name between quotes, as browsers write it. */
function quoted(name: string): string {
  return name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
