import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { localServer } from "../server/local-server.ts";
import { openBrowser, openStudio, PATIENCE, withoutBrowser } from "./browser.ts";

const SCREENS = ["avatar", "speech", "dialogue", "cover", "interview", "jobs", "engines"];

/** What a reader without eyes or without a mouse would stumble over, in the page as it is. */
const LOOK = `(() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const named = (element) =>
    element.getAttribute("aria-label") || element.labels?.[0]?.textContent.trim() || element.textContent.trim() ||
    document.getElementById(element.getAttribute("aria-labelledby"))?.textContent;
  const controls = [...document.querySelectorAll("a, button, input, select, textarea, summary, audio, video, progress, meter")];
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  return {
    nameless: controls.filter(seen).filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 120)),
    headings: [...document.querySelectorAll("h1")].filter(seen).length,
    landmarks: ["main", "nav", "header"].filter((name) => !document.querySelector(name)),
    repeated: ids.filter((id, at) => ids.indexOf(id) !== at),
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    tooSmall: controls.filter(seen).filter((element) => element.matches("button, select, summary"))
      .filter((element) => element.getBoundingClientRect().height < 24).map((element) => element.outerHTML.slice(0, 120)),
  };
})()`;

const CLEAN = { nameless: [], headings: 1, landmarks: [], repeated: [], sideways: 0, tooSmall: [] };

describe("the Studio's page", { skip: withoutBrowser, timeout: 10 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const server = await localServer();
  const browser = await openBrowser();

  for (const [language, name, title] of [
    ["ko-KR", "한국어", "말하는 아바타"],
    ["ru-RU", "Русский", "Говорящий аватар"],
    ["en-GB", "English", "Talking avatar"],
  ] as const) {
    it(`speaks ${name} to a browser that does, on a phone, with every control named`, async () => {
      const viewport = { width: 360, height: 720 };
      const page = await openStudio(browser, server.url, "avatar", { locale: language, viewport });
      assert.equal(await page.locator("html").getAttribute("lang"), language.slice(0, 2));
      assert.equal(await page.title(), `${title} · Talkbox`);
      for (const screen of SCREENS) {
        await page.evaluate(`location.hash = "/${screen}"`);
        await page.locator(`nav a[href="#/${screen}"][aria-current]`).waitFor({ state: "attached" });
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
        assert.deepEqual(await page.evaluate(LOOK), CLEAN, screen);
      }
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }

  it("another language is chosen, and is still there after a reload", async () => {
    const page = await openStudio(browser, server.url, "cover");
    await page.getByLabel("Language", { exact: true }).first().selectOption("ru");
    await page.getByRole("heading", { name: "Кавер песни" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Кавер песни" }).waitFor();
    await page.context().close();
  });

  it("the focus is seen wherever the Tab key leads, and the first stop skips the menu", async () => {
    const page = await openStudio(browser, server.url, "speech");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.className"), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "main");
    const OUTLINE = `(() => {
      const ring = (element) => element && getComputedStyle(element).outlineStyle !== "none";
      const active = document.activeElement;
      return active === document.body || ring(active) || ring(active.closest("label, .drop")) ||
        ring(active.parentElement.querySelector(".choose")) ? "" : active.outerHTML.slice(0, 100);
    })()`;
    for (let steps = 0; steps < 25; steps++) {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(OUTLINE), "");
    }
    await page.context().close();
  });

  it("the reference shows every operation with its fields, in either colour scheme", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ colorScheme });
      context.setDefaultTimeout(PATIENCE);
      const page = await context.newPage();
      await page.goto(`${server.url}/docs`);
      await page.locator("article#lipsync").waitFor();
      const answer = await server.call("/api/operations");
      const names = (answer.body["operations"] as { name: string }[]).map(({ name }) => name);
      for (const name of names) assert.equal(await page.locator(`article[id="${name}"] pre`).count(), 1, name);
      const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      assert.equal(ground, colorScheme === "light" ? "rgb(245, 244, 240)" : "rgb(20, 21, 25)");
      await context.close();
    }
  });
});

describe("a server with a key", { skip: withoutBrowser, timeout: 10 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const server = await localServer({ env: { TALKBOX_API_KEY: "open sesame" } });
  const browser = await openBrowser();

  it("asks for it, refuses a wrong one, and works with the right one, early video included", async () => {
    const context = await browser.newContext({ locale: "en" });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    await page.goto(`${server.url}/studio/`);
    const key = page.getByLabel("API key");
    await key.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The server did not take this key.").waitFor();
    await key.fill("open sesame");
    await page.keyboard.press("Enter");
    await page
      .getByRole("textbox", { name: "Text" })
      .fill("One, two, three, four, five, six, seven, eight, nine, ten.");
    await page.getByLabel("Quality").selectOption("low");
    await page.getByRole("button", { name: "Make the video" }).click();
    await page.getByLabel("Playing while it is made").waitFor();
    await page.locator(".made [data-duration]").waitFor();
    await context.close();
  });
});
