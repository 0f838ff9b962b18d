import { join } from "node:path";
import { defineConfig } from "vite";

const web = import.meta.dirname;

/** Builds the Studio and the API reference into `web/dist`. The server's content security policy allows no inline code. */
export default defineConfig({
  root: web,
  base: "/studio/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: join(web, "dist"),
    emptyOutDir: true,
    // Data URLs of scripts are refused by the policy, and polyfills would be inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: { studio: join(web, "index.html"), docs: join(web, "docs.html") } },
  },
});
