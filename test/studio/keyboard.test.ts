import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeWav } from "../../src/media/wav.ts";
import { localServer } from "../server/local-server.ts";
import {
  madeSeconds,
  openBrowser,
  openStudio,
  PATIENCE,
  tabTo,
  type StudioPage,
  until,
  withoutBrowser,
} from "./browser.ts";

const samples = Float32Array.from({ length: 24_000 }, (_, at) => 0.3 * Math.sin((2 * Math.PI * 150 * at) / 16_000));
const STEM = {
  name: "stem.wav",
  mimeType: "audio/wav",
  buffer: Buffer.from(encodeWav({ sampleRate: 16_000, channels: [samples] })),
};

describe("without a mouse", { skip: withoutBrowser, timeout: 10 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const server = await localServer();
  const browser = await openBrowser();

  /** Goes from the page's start to a screen by its link, as a reader of the menu does. */
  async function goTo(name: string): Promise<StudioPage> {
    const page = await openStudio(browser, server.url, "jobs");
    const link = page.getByRole("link", { name });
    await tabTo(page, link);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await until(page, "document.activeElement.tagName === 'H1'");
    return page;
  }

  /** Plays what was made by the keys that the browser gives to media. */
  async function playByKey(page: StudioPage, media: string): Promise<void> {
    await tabTo(page, page.locator(`.made ${media}`));
    await page.keyboard.press("Space");
    await until(page, `document.querySelector(".made ${media}").currentTime > 0`);
  }

  it("an avatar is made and played", async () => {
    const page = await goTo("Talking avatar");
    await tabTo(page, page.getByRole("textbox", { name: "Text" }));
    await page.keyboard.type("Hello there.");
    await tabTo(page, page.getByLabel("Quality"));
    await page.keyboard.type("Low");
    await tabTo(page, page.getByRole("button", { name: "Make the video" }));
    await page.keyboard.press("Enter");
    assert.ok((await madeSeconds(page)) > 0.4);
    await page.context().close();
  });

  it("speech is made and played", async () => {
    const page = await goTo("Speech and voices");
    await tabTo(page, page.getByRole("textbox", { name: "Text" }));
    await page.keyboard.type("Hello there, and a good day.");
    await tabTo(page, page.getByRole("slider", { name: "Speaking rate" }));
    await page.keyboard.press("ArrowRight");
    await tabTo(page, page.getByRole("button", { name: "Make the speech" }));
    await page.keyboard.press("Space");
    assert.ok((await madeSeconds(page)) > 0.5);
    await playByKey(page, "audio");
    await page.context().close();
  });

  it("a dialogue is written, spoken and played", async () => {
    const page = await goTo("Dialogue");
    await tabTo(page, page.getByRole("button", { name: "Add a line" }));
    await page.keyboard.press("Enter");
    await until(page, "document.activeElement.ariaLabel === 'Line 3'");
    await page.keyboard.type("Goodbye.");
    await tabTo(page, page.getByRole("button", { name: "Make the dialogue" }));
    await page.keyboard.press("Enter");
    assert.ok((await madeSeconds(page)) > 1);
    assert.equal(await page.locator(".turn").count(), 3);
    await page.context().close();
  });

  it("an interview is begun and answered", async () => {
    const page = await goTo("Interview");
    await tabTo(page, page.getByRole("checkbox", { name: "Interviewer speaks" }));
    await page.keyboard.press("Space");
    await tabTo(page, page.getByRole("button", { name: "Begin the interview" }));
    await page.keyboard.press("Enter");
    await until(page, "document.activeElement.tagName === 'TEXTAREA'");
    await until(page, "document.querySelectorAll('.log .assistant:not([aria-hidden])').length === 1");
    await page.keyboard.type("안녕하세요.");
    await page.keyboard.press("Enter");
    await until(page, "document.querySelectorAll('.log .assistant:not([aria-hidden])').length === 2");
    await page.context().close();
  });

  it("stems are chosen and a cover is made", async () => {
    const page = await goTo("Song cover");
    // Listened to all along: a browser that is told anew for each file may show its own window in between.
    page.on("filechooser", (chooser) => void chooser.setFiles(STEM));
    await tabTo(page, page.getByRole("radio", { name: "A whole song" }));
    await page.keyboard.press("ArrowRight");
    for (const stem of ["Vocal", "Instrumental"]) {
      await tabTo(page, page.getByLabel(`${stem}: Choose a file`, { exact: true }));
      await page.keyboard.press("Space");
      await page.getByRole("group", { name: stem, exact: true }).getByRole("img").waitFor();
    }
    await tabTo(page, page.getByRole("button", { name: "Make the cover" }));
    await page.keyboard.press("Enter");
    assert.ok(Math.abs((await madeSeconds(page)) - 1.5) < 0.3);
    await page.context().close();
  });
});
