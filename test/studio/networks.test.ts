import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeWav } from "../../src/media/wav.ts";
import { localServer, scratchFolder } from "../server/local-server.ts";
import { writeNetwork } from "../stems/networks.ts";
import { noisySong } from "../stems/passages.ts";
import { ROFORMER_SHAPES, roformerSettings, writeRoformer } from "../stems/roformers.ts";
import { openBrowser, openStudio, PATIENCE, withoutBrowser } from "./browser.ts";

describe("networks that separate, on the Studio's cover page", {
  skip: withoutBrowser,
  timeout: 10 * PATIENCE,
}, async () => {
  if (withoutBrowser) return;
  const models = join(await scratchFolder(), "models");
  await mkdir(models);
  await writeRoformer(join(models, "MelBandRoformer"), ROFORMER_SHAPES.oneStem, roformerSettings());
  await writeNetwork(join(models, "voices"), "left", 1024, 16);
  const settings = { mdx_n_fft_scale_set: 2048, compensate: 1, primary_stem: "Vocals" };
  await writeFile(join(models, "voices.json"), JSON.stringify(settings));
  const server = await localServer({ env: { TALKBOX_MODEL_FOLDERS: models, TALKBOX_PROVIDERS: "cpu" } });
  const browser = await openBrowser();

  it("are chosen by their files' names, and two for one step are refused where they are chosen", async () => {
    const page = await openStudio(browser, server.url, "cover");
    const buffer = Buffer.from(encodeWav({ sampleRate: 44_100, channels: noisySong(20_000) }));
    await page
      .locator(".sound-input input[type=file]")
      .setInputFiles({ name: "song.wav", mimeType: "audio/wav", buffer });
    await page.getByRole("img", { name: /^Waveform/ }).waitFor();
    await page.getByText("Separation", { exact: true }).click();
    const networks = page.getByRole("group", { name: "Networks" });
    assert.deepEqual(await networks.locator("label").allInnerTexts(), ["MelBandRoformer · voices", "voices · voices"]);
    const [first, second] = ["MelBandRoformer · voices", "voices · voices"].map((name) =>
      networks.getByRole("checkbox", { name }),
    );
    assert.ok(first && second);
    await first.check({ force: true });
    await second.check({ force: true });
    await page.getByRole("button", { name: "Make the cover" }).click();
    await networks
      .getByText(
        '"voices" has nothing to do: it tells voices from instruments, and "MelBandRoformer" is named for that step.',
      )
      .waitFor();
    assert.equal(await first.getAttribute("aria-invalid"), "true");
    await first.uncheck({ force: true });
    await page.getByRole("button", { name: "Make the cover" }).click();
    await page.getByRole("region", { name: "Mixer" }).waitFor();
    const [job] = server.jobs.latest(1);
    const output = JSON.parse(String((job && (await server.jobs.output(job)))?.[0])) as {
      readonly separation: { readonly models: readonly string[] };
    };
    assert.deepEqual(output.separation.models, ["voices"]);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
