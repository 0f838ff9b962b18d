import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeWav } from "../../src/media/wav.ts";
import { recording } from "../documents/003-higgs/server.ts";
import { localServer, scratchFolder } from "../server/local-server.ts";
import { madeSeconds, openBrowser, openStudio, PATIENCE, play, until, withoutBrowser } from "./browser.ts";

/** A second and a half of a tone, as a WAV file. */
function tone(hertz: number): Buffer {
  const samples = Float32Array.from({ length: 33_075 }, (_, at) => 0.3 * Math.sin((2 * Math.PI * hertz * at) / 22_050));
  return Buffer.from(encodeWav({ sampleRate: 22_050, channels: [samples] }));
}

describe("the Studio's screens", { skip: withoutBrowser, timeout: 10 * PATIENCE }, async () => {
  if (withoutBrowser) return;
  const speech = await recording();
  const heard = join(await scratchFolder(), "heard.wav");
  await writeFile(heard, speech);
  const server = await localServer();
  const browser = await openBrowser(heard);

  it("an avatar is made, plays while it is made, and is as long as the server says", async () => {
    const page = await openStudio(browser, server.url, "avatar");
    await page.getByRole("radio", { name: /^New talk/ }).check({ force: true });
    await page
      .getByRole("textbox", { name: "Text" })
      .fill("Добрый день. Мы начинаем наш короткий разговор прямо сейчас.");
    await page.getByLabel("Quality").selectOption("low");
    await page.getByRole("button", { name: "Make the video" }).click();
    const early = page.getByLabel("Playing while it is made");
    await early.waitFor();
    await until(
      page,
      "document.querySelector('.early video')?.currentTime > 0 || document.querySelector('.made video')",
    );
    const seconds = await madeSeconds(page);
    const [job] = server.jobs.latest(1);
    const output = JSON.parse(String((job && (await server.jobs.output(job)))?.[0])) as { duration: number };
    assert.equal(job?.record.operation, "stream_chunks");
    assert.ok(Math.abs(seconds - output.duration) < 0.1, `${seconds} s in the page, ${output.duration} s told`);
    await play(page.locator(".made video"));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("a recording moves an avatar, without the stream", async () => {
    const page = await openStudio(browser, server.url, "avatar");
    await page.getByRole("radio", { name: "A recording" }).check({ force: true });
    await page
      .locator(".sound-input input[type=file]")
      .setInputFiles({ name: "a.wav", mimeType: "audio/wav", buffer: tone(180) });
    await page.getByRole("img", { name: "Waveform, 1.5 s" }).waitFor();
    await page.getByLabel("Quality").selectOption("low");
    await page.getByRole("button", { name: "Make the video" }).click();
    assert.ok(Math.abs((await madeSeconds(page)) - 1.5) < 0.15);
    await play(page.locator(".made video"));
    await page.context().close();
  });

  it("a voice is recorded, cloned, and kept under a name", async () => {
    const page = await openStudio(browser, server.url, "speech");
    await page.getByRole("radio", { name: "Clone a voice" }).check({ force: true });
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await until(page, "parseFloat(document.querySelector('.recorder .clock')?.textContent) >= 2.5");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("img", { name: /^Waveform/ }).waitFor();
    await page.getByRole("textbox", { name: "Text" }).fill("Good day to you.");
    await page.getByRole("button", { name: "Make the speech" }).click();
    assert.ok((await madeSeconds(page)) > 0.5);
    await play(page.locator(".made audio"));
    await page.getByLabel("Its name").fill("mina");
    await page.getByRole("button", { name: "Keep this voice" }).click();
    await page.getByText("mina is kept and can speak now.").waitFor();
    await page.getByRole("radio", { name: "A voice that is there" }).check({ force: true });
    await page.getByRole("combobox", { name: "Voice", exact: true }).selectOption("mina");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("a fault is told at its field, which gets the focus", async () => {
    const page = await openStudio(browser, server.url, "speech");
    await page.getByRole("button", { name: "Make the speech" }).click();
    await page.getByText("This is needed.").waitFor();
    await page.getByRole("textbox", { name: "Text" }).fill("Hello.");
    await page.getByText("More settings").click();
    const language = page.getByLabel("Language", { exact: true }).last();
    await language.fill("not a code");
    await page.getByText("More settings").click();
    await page.getByRole("button", { name: "Make the speech" }).click();
    await page.getByText("must be a language code such as ko, ru, kk or en").first().waitFor();
    assert.equal(await language.getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate("document.activeElement?.name"), "language");
    await page.context().close();
  });

  it("a dialogue is written line by line and spoken by several", async () => {
    const page = await openStudio(browser, server.url, "dialogue");
    await page.getByRole("textbox", { name: "Line 1" }).fill("Hello!");
    await page.getByRole("textbox", { name: "Line 2" }).fill("Hello to you.");
    await page.getByRole("button", { name: "Add a line" }).click();
    await page.getByRole("textbox", { name: "Line 3" }).fill("Goodbye.");
    await page.getByRole("button", { name: "Move line 3 up" }).click();
    await page.getByLabel("Speaker 1", { exact: true }).selectOption("belinda");
    await page.getByRole("button", { name: "Make the dialogue" }).click();
    assert.ok((await madeSeconds(page)) > 1);
    const turns = await page.locator(".turn").allInnerTexts();
    assert.match(turns.join("|"), /belinda Hello!.*\|.*Goodbye\..*\|.*Hello to you\./s);
    await play(page.locator(".made audio"));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("a cover is mixed from dropped stems and compared with the original", async () => {
    const page = await openStudio(browser, server.url, "cover");
    await page.getByRole("radio", { name: "Separate stems" }).check({ force: true });
    const files = page.locator(".stems input[type=file]");
    await files.nth(0).setInputFiles({ name: "vocal.wav", mimeType: "audio/wav", buffer: speech });
    await files.nth(1).setInputFiles({ name: "band.wav", mimeType: "audio/wav", buffer: tone(110) });
    await page
      .getByRole("img", { name: /^Waveform/ })
      .nth(1)
      .waitFor();
    await page.getByRole("combobox", { name: "Voice", exact: true }).selectOption("robot");
    await page.getByRole("slider", { name: "Whole song" }).fill("2");
    const mixer = page.getByRole("region", { name: "Mixer" });
    await mixer.waitFor();
    const tracks = mixer.locator(".track strong");
    assert.deepEqual(await tracks.allInnerTexts(), ["Vocal, as it came", "Instrumental"]);
    await page.getByRole("button", { name: "Make the cover" }).click();
    const seconds = await madeSeconds(page);
    // The new voice is what is mixed from here on, for as long as the settings are those that it was made with.
    await mixer.getByText("New voice").waitFor();
    assert.deepEqual(await tracks.allInnerTexts(), ["New voice", "Instrumental"]);
    await mixer.getByRole("slider", { name: "Level: New voice" }).fill("-3");
    await mixer.getByText("−3 dB").waitFor();
    assert.deepEqual(await tracks.allInnerTexts(), ["New voice", "Instrumental"]);
    await play(page.locator(".made audio"));
    const compare = page.getByRole("region", { name: "Compare" });
    await compare.waitFor();
    assert.equal(await compare.getByRole("radio", { name: "Take 1" }).isChecked(), true);
    await compare.getByRole("button").click();
    await compare.getByRole("radio", { name: "Original" }).check({ force: true });
    await until(page, "Number(document.querySelector('.compare input[type=range]').value) > 0");
    const longest = Number(await compare.getByRole("slider").getAttribute("max"));
    assert.ok(Math.abs(longest - seconds) < 0.5, `${longest} s to compare, ${seconds} s made`);
    const [job] = server.jobs.latest(1);
    const output = JSON.parse(String((job && (await server.jobs.output(job)))?.[0])) as Record<string, object>;
    assert.equal((output["parameters"] as Record<string, number>)["pitch_change_all"], 2);
    await page.getByRole("slider", { name: "Whole song" }).fill("1");
    await mixer.getByText("Vocal, as it came").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("a whole song is covered, its parts are mixed in the browser, and the mix becomes a file", async () => {
    const page = await openStudio(browser, server.url, "cover");
    await page
      .locator(".sound-input input[type=file]")
      .setInputFiles({ name: "song.wav", mimeType: "audio/wav", buffer: speech });
    await page.getByRole("img", { name: /^Waveform/ }).waitFor();
    await page.getByRole("combobox", { name: "Voice", exact: true }).selectOption("robot");
    await page.getByRole("button", { name: "Make the cover" }).click();
    const seconds = await madeSeconds(page);
    const mixer = page.getByRole("region", { name: "Mixer" });
    await mixer.waitFor();
    assert.deepEqual(await mixer.locator(".track strong").allInnerTexts(), ["New voice", "Instrumental"]);
    assert.equal(await mixer.getByRole("img", { name: /^Waveform/ }).count(), 2);
    const longest = Number(await mixer.getByRole("slider", { name: "Position" }).getAttribute("max"));
    assert.ok(Math.abs(longest - seconds) < 0.5, `${longest} s to mix, ${seconds} s made`);
    // What is heard follows the faders and the buttons; nothing is asked of the server.
    const jobs = server.jobs.latest(100).length;
    await mixer.getByRole("button", { name: "Mixer" }).click();
    await until(page, "Number(document.querySelector('.mixer .row > input.grow[aria-label=Position]').value) > 0");
    await mixer.getByRole("button", { name: "Solo: New voice" }).click();
    assert.equal(await mixer.locator(".track.silent").getAttribute("data-track"), "instrumental");
    await mixer.getByRole("button", { name: "Solo: New voice" }).click();
    await mixer.getByRole("button", { name: "Mute: New voice" }).click();
    assert.equal(await mixer.locator(".track.silent").getAttribute("data-track"), "sung");
    await mixer.getByRole("slider", { name: "Level: Instrumental" }).fill("-6.5");
    await mixer.getByText("−6.5 dB").waitFor();
    assert.equal(server.jobs.latest(100).length, jobs);
    await mixer.getByRole("button", { name: "Make a file of this mix" }).click();
    await page.getByRole("radio", { name: "Take 2" }).waitFor();
    await mixer.waitFor();
    const [job] = server.jobs.latest(1);
    const output = JSON.parse(String((job && (await server.jobs.output(job)))?.[0])) as {
      readonly separation: { readonly reused: boolean };
      readonly conversion_reused: boolean;
      readonly parameters: Record<string, number>;
      readonly stems: readonly unknown[];
    };
    assert.deepEqual([output.separation.reused, output.conversion_reused, output.stems.length], [true, true, 0]);
    assert.equal(output.parameters["inst_gain"], -6.5);
    await page.getByRole("slider", { name: "Whole song" }).fill("2");
    assert.equal(await mixer.count(), 0, "in another key these are not its parts");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("an interviewer asks, is seen speaking, and follows up on an answer", async () => {
    const page = await openStudio(browser, server.url, "interview");
    await page.getByLabel("Field").selectOption("병원");
    await page.getByLabel("Job").selectOption("간호사");
    await page.getByRole("button", { name: "Begin the interview" }).click();
    assert.ok((await madeSeconds(page)) > 1);
    await play(page.locator(".stage video"));
    await page.getByRole("textbox", { name: "Your answer" }).fill("저는 환자의 이야기를 끝까지 듣는 간호사입니다.");
    await page.getByRole("button", { name: "Send" }).click();
    const said = page.getByRole("log").getByRole("listitem");
    await until(page, "document.querySelectorAll('.log .assistant:not([aria-hidden])').length === 2");
    const [, opening = "", answer = "", question = ""] = await said.allInnerTexts();
    assert.match(answer, /끝까지 듣는/);
    assert.ok(question.length > 10 && question !== opening, question);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  it("jobs are listed with their receipts, and one that runs is cancelled", async () => {
    const long = {
      input: { operation: "lipsync", params: { text: "Это долгий рассказ. ".repeat(80), quality: "high" } },
    };
    const { body } = await server.call("/api/jobs", { body: long });
    const page = await openStudio(browser, server.url, "jobs");
    const row = page.locator(".job", { hasText: "lipsync" }).first();
    await row.getByRole("button", { name: "Cancel: Talking avatar" }).click();
    await row.getByText("Cancelled", { exact: true }).waitFor();
    assert.equal(server.jobs.view(String(body["id"])).record.state, "CANCELLED");
    const done = page.locator('.job[data-status="COMPLETED"]', { hasText: "multi_speaker" });
    await done.getByRole("button", { name: "Details: Dialogue" }).click();
    await done.getByText("Where the time went").click();
    await done.getByRole("row", { name: /^Altogether/ }).waitFor();
    assert.ok(Number(await done.locator("[data-duration]").getAttribute("data-duration")) > 1);
    await page.context().close();
  });

  it("engines are shown with what is missing and how to add it", async () => {
    const page = await openStudio(browser, server.url, "engines");
    await page.locator(".engine").first().waitFor();
    const known = await server.call("/", { body: { operation: "list_engines" } });
    const engines = known.body["engines"] as { id: string; available: boolean; remedy?: string }[];
    assert.equal(await page.locator(".engine").count(), engines.length);
    for (const { remedy = "" } of engines.filter(({ available }) => !available)) {
      assert.ok(await page.getByText(remedy).first().isVisible(), remedy);
    }
    await page.context().close();
  });
});
