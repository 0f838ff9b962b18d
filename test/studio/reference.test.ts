import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { withoutShell } from "../documents/clients/run-client.ts";
import { localServer } from "../server/local-server.ts";
import { openBrowser, PATIENCE, withoutBrowser } from "./browser.ts";

type Route = { summary: string; requestBody?: { content: Record<string, { schema: { properties?: object } }> } };

describe("the API reference", { skip: withoutBrowser, timeout: 5 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const server = await localServer();
  const browser = await openBrowser();
  const page = await browser.newPage();
  after(() => page.close());
  const asked: string[] = [];
  const faults: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${server.url}/docs#post--api-chat`);
  await page.locator("article#lipsync").waitFor();
  const { body } = await server.call("/openapi.json");
  const paths = Object.entries(body["paths"] as Record<string, Record<string, Route>>);

  it("asks nobody but its own server, and nothing in it is refused", () => {
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(server.url)),
      [],
    );
    assert.deepEqual(faults, []);
  });

  it("shows every route under its API, with its call, its fields and what may go wrong", async () => {
    const shown = await page
      .locator("article.entry")
      .evaluateAll((entries) => (entries as { innerText: string }[]).map(({ innerText }) => innerText));
    for (const [path, methods] of paths) {
      for (const [method, { summary, requestBody }] of Object.entries(methods)) {
        const text = shown.find((each) => each.includes(`\n${path}\n`) && each.includes(plain(summary))) ?? "";
        assert.ok(text.includes(method.toUpperCase()), `${method} ${path}`);
        assert.match(text, /\ncurl .*127\.0\.0\.1/, path);
        assert.match(text, /Errors: 400, 401/, path);
        const [content] = Object.values(requestBody?.content ?? {});
        for (const name of Object.keys(content?.schema.properties ?? {}))
          assert.ok(text.includes(name), `${path} ${name}`);
      }
    }
    const headings = await page.locator("h2.api").allInnerTexts();
    assert.deepEqual(headings.length, new Set(headings).size);
    assert.ok(headings.includes("Avatar API") && headings.includes("Operations"), headings.join());
  });

  it("leads to the entry that its address names", async () => {
    const box = await page.locator("article#post--api-chat").boundingBox();
    assert.ok(box && Math.abs(box.y) < 200, JSON.stringify(box));
  });

  it("shows calls that work when they are copied", { skip: withoutShell }, async () => {
    for (const id of [
      "post--api-chat",
      "get--api-v2-status",
      "post--v2-endpoint-runsync",
      "post--api-v2-lipsync-stream",
    ]) {
      const call = await page.locator(`article#${id} pre`).first().innerText();
      const { stdout } = await promisify(execFile)("bash", ["-c", `${call} -s --fail-with-body`], {
        timeout: PATIENCE,
      });
      assert.match(stdout, /"(response|status|type)":/, call);
    }
  });
});

/** A text as it is shown: without the marks of code. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}
