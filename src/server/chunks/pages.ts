import type { FastifyInstance } from "fastify";
import { API_TEST_SCRIPT, DOWNLOAD_SCRIPT, REALTIME_SCRIPT, SHARED_SCRIPT } from "./page-scripts.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #f6f7f9; --card: #fff; --line: #d5dae1; --accent: #1f5fbf; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --paper: #14181f; --card: #1d232c; --line: #353d49; --accent: #7fb0ff; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 52rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
nav { display: flex; flex-wrap: wrap; gap: 1rem; padding: .75rem 1rem; border-bottom: 1px solid var(--line); background: var(--card); }
nav a { color: var(--accent); } nav a[aria-current] { color: inherit; font-weight: 600; text-decoration: none; }
h1 { font-size: 1.5rem; margin: .5rem 0; }
form, section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
label { display: block; font-weight: 600; margin-top: .75rem; } label:first-child { margin-top: 0; }
textarea, select, input { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .375rem; padding: .5rem; }
textarea { min-height: 7rem; resize: vertical; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0 1rem; }
button { font: inherit; font-weight: 600; margin-top: 1rem; padding: .55rem 1.25rem; border: 0; border-radius: .375rem; color: #fff; background: #1f5fbf; cursor: pointer; }
button:disabled { opacity: .55; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
video { display: block; width: 100%; aspect-ratio: 16 / 9; background: #000; border-radius: .375rem; }
ol { padding-left: 1.5rem; } li { margin: .25rem 0; } li[data-now] { font-weight: 600; }
pre { overflow: auto; max-height: 24rem; padding: .75rem; border: 1px solid var(--line); border-radius: .375rem; background: var(--paper); font-size: .85rem; white-space: pre-wrap; word-break: break-word; }
[role=status] { min-height: 1.5rem; } .bad { color: var(--bad); }
`;

const PAGES = [
  { path: "/", script: "download", title: "Видео с говорящим аватаром" },
  { path: "/realtime", script: "realtime", title: "Видео в реальном времени" },
  { path: "/api-test", script: "api-test", title: "Проверка API" },
] as const;

const TEXT = "Здравствуйте! Это короткий пример. Напишите здесь свой текст, и аватар его произнесёт.";

const LANGUAGES = `<div><label for="language">Язык</label><select id="language" name="language">
<option value="ru">Русский</option><option value="kk">Казахский</option><option value="en">Английский</option></select></div>`;

const SIZE = `<div><label for="chunk_size">Слов в куске (5–30)</label>
<input id="chunk_size" name="chunk_size" type="number" min="5" max="30" value="15" required></div>`;

const KEY = `<div><label for="key">Ключ API, если он нужен</label><input id="key" type="password" autocomplete="off"></div>`;

const FORM = (size: string, button: string): string => `<form id="form">
<label for="text">Текст</label><textarea id="text" name="text" required maxlength="20000">${TEXT}</textarea>
<div class="row">${LANGUAGES}${size}${KEY}</div>
<button>${button}</button></form><p id="status" role="status"></p>`;

const BODIES: Readonly<Record<(typeof PAGES)[number]["script"], string>> = {
  download: `${FORM("", "Создать видео")}
<section id="result" hidden><video id="video" controls playsinline></video>
<p><a id="download" download>Скачать видео</a></p></section>`,
  realtime: `${FORM(SIZE, "Начать")}
<section><video id="video" controls playsinline poster="/api/avatar"></video><ol id="chunks"></ol></section>`,
  "api-test": `${FORM(SIZE, "Отправить POST /api/stream_chunks")}
<section><h2>Запрос</h2><pre id="request"></pre><h2>Ответ</h2><pre id="response"></pre></section>
<section id="result" hidden><h2>Куски</h2><ol id="chunks"></ol></section>`,
};

/** Pages come from here alone; what they play may be a stream that their script puts together. */
const POLICY =
  "default-src 'self'; media-src 'self' blob: https: http:; connect-src 'self' https: http:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'";

function page({ path, script, title }: (typeof PAGES)[number]): string {
  const links = PAGES.map((each) => {
    const current = each.path === path ? ' aria-current="page"' : "";
    return `<a href="${each.path}"${current}>${each.title}</a>`;
  });
  return `<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} — Talkbox</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/pages/chunks.css">
<script type="module" src="/pages/${script}.js"></script></head>
<body><nav aria-label="Страницы">${links.join("")}<a href="/studio">Студия</a></nav>
<main><h1>${title}</h1>${BODIES[script]}</main></body></html>`;
}

/** The three pages of the chunk API, with nothing in them that comes from elsewhere. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  const open = { config: { open: true, describe: "page" as const } };
  for (const each of PAGES) {
    const html = page(each);
    app.get(each.path, open, async (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", `${POLICY}; img-src 'self' data:`)
        .header("cache-control", "no-cache")
        .send(html),
    );
  }
  const files = {
    "chunks.css": ["text/css; charset=utf-8", STYLE],
    "shared.js": ["text/javascript; charset=utf-8", SHARED_SCRIPT],
    "download.js": ["text/javascript; charset=utf-8", DOWNLOAD_SCRIPT],
    "realtime.js": ["text/javascript; charset=utf-8", REALTIME_SCRIPT],
    "api-test.js": ["text/javascript; charset=utf-8", API_TEST_SCRIPT],
  } as const;
  for (const [name, [type, text]] of Object.entries(files)) {
    app.get(`/pages/${name}`, open, async (_request, reply) =>
      reply.type(type).header("cache-control", "no-cache").send(text),
    );
  }
}
