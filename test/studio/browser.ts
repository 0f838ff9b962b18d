import { existsSync } from "node:fs";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";

const path = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Says why a file's tests are left out; `false` where they are not. */
export const withoutBrowser = existsSync(path) ? false : "there is no Chromium here";

/** Longest wait for anything in a page: machines that run tests are busy. */
export const PATIENCE = 120_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

/**
 * Starts the browser; it is closed when the tests of the file have ended.
 * @param microphone a WAV file that the microphone hears
 */
export async function openBrowser(microphone?: string): Promise<Browser> {
  const heard = microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphone}`];
  const browser = await chromium.launch({
    executablePath: path,
    args: [...FLAGS, ...heard],
    timeout: PATIENCE,
  });
  after(() => browser.close());
  return browser;
}

/** A page of the Studio, with what went wrong in it. */
export type StudioPage = Page & { readonly faults: string[] };

/** Opens a screen of the Studio and waits until it knows what the server offers. */
export async function openStudio(
  browser: Browser,
  url: string,
  screen: string,
  options: BrowserContextOptions = {},
): Promise<StudioPage> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1200, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // What a policy blocked is told there, too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  await page.goto(`${url}/studio/#/${screen}`);
  // The server looks at every engine before it says what it offers.
  await page.locator("section.screen:not([hidden]) h1").waitFor({ timeout: 2 * PATIENCE });
  return Object.assign(page, { faults });
}

/** Waits until an expression holds in the page: asked from outside, as the page's own policy lets nothing be evaluated. */
export async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await page.evaluate(expression))) {
    if (performance.now() > end) throw new Error(`It never came to be that ${expression}.`);
    await sleep(50);
  }
}

/** Waits until a stage has made something, and answers the seconds that the page read from it. */
export async function madeSeconds(page: Page): Promise<number> {
  const stage = page.locator("section.screen:not([hidden]) .stage[data-step]");
  await stage.locator("[data-duration], [role=alert]").first().waitFor();
  const failed = await stage.locator("[role=alert]").allInnerTexts();
  if (failed.length > 0) throw new Error(failed.join("\n"));
  return Number(await stage.locator("[data-duration]").getAttribute("data-duration"));
}

/** Plays what an element holds, and waits until a part of it was heard. */
export async function play(media: Locator): Promise<void> {
  await media.evaluate(async (element) => {
    const played = element as unknown as { muted: boolean; play(): Promise<void>; currentTime: number; ended: boolean };
    played.muted = true;
    await played.play();
    while (played.currentTime < 0.1 && !played.ended) await new Promise((resolve) => setTimeout(resolve, 20));
  });
}

/** Moves with the Tab key until an element has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  const wanted = await target.elementHandle();
  for (let steps = 0; steps < 80; steps++) {
    const there = await wanted?.evaluate((element) => {
      const { ownerDocument } = element as unknown as { ownerDocument: { activeElement: unknown } };
      return ownerDocument.activeElement === element;
    });
    if (there) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("The Tab key does not lead there.");
}
