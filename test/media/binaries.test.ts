import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { binaryVersion, resolveBinaries } from "../../src/media/binaries.ts";
import { availableEncoders } from "../../src/media/encoders.ts";
import { availableBinaries } from "./each-binaries.ts";
import { withRoot } from "./leftovers.ts";

describe("resolveBinaries", () => {
  it("prefers the configured, then the system's, then the package's", async () => {
    await withRoot(async (root) => {
      const packaged = await resolveBinaries({ ignoreSystem: true });
      assert.equal(packaged.ffmpeg.source, "package");
      assert.equal(packaged.ffprobe.source, "package");
      for (const name of ["ffmpeg", "ffprobe"] as const) await symlink(packaged[name].path, root.file(name));
      const searchPath = ["", "/nowhere", root.path];
      const system = await resolveBinaries({ searchPath });
      assert.deepEqual(system.ffmpeg, { path: root.file("ffmpeg"), source: "system" });
      const configured = await resolveBinaries({ searchPath, ffmpegPath: packaged.ffmpeg.path });
      assert.deepEqual(configured.ffmpeg, { path: packaged.ffmpeg.path, source: "configured" });
      assert.equal(configured.ffprobe.source, "system");
      assert.equal((await resolveBinaries({ searchPath: [] })).ffmpeg.source, "package");
    });
  });

  it("refuses a configured path that is no executable file, and names the setting only", async () => {
    await withRoot(async (root) => {
      const path = root.file("ffmpeg");
      await writeFile(path, "", { mode: 0o644 });
      for (const ffmpegPath of [path, root.path, "/nowhere/ffmpeg"]) {
        await assert.rejects(resolveBinaries({ ffmpegPath }), (error: Error & { code?: string }) => {
          assert.equal(error.code, "media_failed");
          assert.match(error.message, /FFMPEG_PATH/);
          assert.ok(!error.message.includes(ffmpegPath));
          return true;
        });
      }
    });
  });

  it("says versions and encoders of every binary there is", async () => {
    for (const { ffmpeg, ffprobe } of await availableBinaries()) {
      assert.match(await binaryVersion(ffmpeg), /\d/);
      assert.match(await binaryVersion(ffprobe), /\d/);
      const encoders = await availableEncoders(ffmpeg);
      for (const name of ["libx264", "aac", "libvpx-vp9", "libopus", "libmp3lame", "flac"])
        assert.ok(encoders.has(name), name);
      assert.ok(!encoders.has("="));
    }
  });
});
