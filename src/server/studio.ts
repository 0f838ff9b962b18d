import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, extname, join, sep } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";

/** A file of the built pages. */
type Page = { readonly body: Buffer; readonly type: string; readonly etag: string; readonly hashed: boolean };

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
};

/**
 * Nothing but the pages' own scripts and styles runs. Sound and video may come from a bucket; nothing is sent anywhere
 * but to this server.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: data: http: https:",
  "connect-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "microphone=(self), camera=(), geolocation=()",
};

/** Where the built pages may lie: beside the bundle, or where Vite puts them in the source tree. */
const FOLDERS = [join(import.meta.dirname, "studio"), join(import.meta.dirname, "../../web/dist")];

/**
 * Serves the Studio at `/studio/` and the API reference at `/docs`. The pages hold no secret and need no key; what they
 * ask for does.
 * @param folders where the pages may lie, the first one wins
 */
export async function studioRoutes(
  app: FastifyInstance,
  { folders = FOLDERS }: { readonly folders?: readonly string[] },
): Promise<void> {
  let pages: Promise<ReadonlyMap<string, Page>> | undefined;
  const find = async (name: string): Promise<Page> => {
    pages ??= readPages(folders);
    const found = await pages;
    // Built while the server runs, they are found at the next look.
    if (found.size === 0) pages = undefined;
    const page = found.get(name);
    if (page) return page;
    if (found.size > 0) throw new AppError("not_found", "There is no such file of the Studio.");
    throw new AppError("not_found", "The Studio is not built. Run `npm run build:web`, then load this page again.");
  };
  const send = async (request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> => {
    const { body, type, etag, hashed } = await find(name);
    void reply
      .headers(HEADERS)
      .header("etag", etag)
      .header("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type(type).send(body);
  };
  const open = { config: { open: true, describe: "page" as const } };
  // Relative, so that a prefix that a proxy adds stays.
  app.get("/studio", open, async (_request, reply) => reply.redirect("studio/", 308));
  app.get("/studio/", open, (request, reply) => send(request, reply, "index.html"));
  app.get("/studio/*", open, (request, reply) =>
    send(request, reply, (request.params as Record<string, string>)["*"] ?? ""),
  );
  app.get("/docs", open, (request, reply) => send(request, reply, "docs.html"));
}

/** The files of the first folder that has an `index.html`, by path with `/`; none where nothing is built. */
async function readPages(folders: readonly string[]): Promise<ReadonlyMap<string, Page>> {
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    if (!paths.includes(join(folder, "index.html"))) continue;
    const pages = await Promise.all(paths.map(async (path) => [nameIn(folder, path), await readPage(path)] as const));
    return new Map(pages);
  }
  return new Map();
}

function nameIn(folder: string, path: string): string {
  return path.slice(folder.length + 1).replaceAll(sep, "/");
}

async function readPage(path: string): Promise<Page> {
  const body = await readFile(path);
  return {
    body,
    type: TYPES[extname(path)] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`,
    hashed: dirname(path).endsWith(`${sep}assets`),
  };
}
