import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run } from "../../../handler/index.ts";
import { liveTempDirs } from "../../../src/media/temp.ts";
import { decodePlanar } from "../../../src/media/decode-audio.ts";
import { tone, wav } from "../../cover/stems.ts";
import { localServer, scratchFolder } from "../../server/local-server.ts";

const RATE = 44_100;
const VOICE = wav(RATE, [tone(RATE, 1, 220, 0.2)], { samples: "s16" });
const INSTRUMENT = wav(RATE, [tone(RATE, 1, 330, 0.1), tone(RATE, 1, 330, 0.1)], { samples: "s16" });

// Voices of RVC beside the others: one without its model, as the document's third error has it.
const models = await scratchFolder();
await mkdir(join(models, "rvc/empty"), { recursive: true });
await mkdir(join(models, "rvc/real"), { recursive: true });
await writeFile(join(models, "rvc/real/real.pth"), "");

const server = await localServer();
const { services } = server;

/** What the document's Python client does: posts JSON to the endpoint, and reads the answer's JSON. */
async function post(
  payload: unknown,
  path = "/v2/local",
): Promise<{ status: number; result: Record<string, unknown> }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload),
  });
  return { status: response.status, result: (await response.json()) as Record<string, unknown> };
}

const PARAMS = { voice_audio: VOICE, instrument_audio: INSTRUMENT, voice_model: "alto-warm" };
const cover = (params: object) => ({ operation: "generate_cover_from_separate_audio", params });

/** The document's answer, key by key. */
const PARAMETERS = {
  pitch_adjust: 0,
  index_rate: 0.5,
  filter_radius: 3,
  rms_mix_rate: 0.25,
  protect: 0.33,
  f0_method: "rmvpe",
  pitch_change_all: 0,
  reverb_rm_size: 0.15,
  reverb_wet: 0.2,
  reverb_dry: 0.8,
  reverb_damping: 0.7,
  main_gain: 0,
  backup_gain: 0,
  inst_gain: 0,
  output_format: "mp3",
};

describe("004 covers", () => {
  for (const path of ["/", "/v2/local", "/runsync", "/v2/local/runsync"]) {
    it(`004 §Health Check: a body without input posted to ${path} is answered with the operation's own result`, async () => {
      const { status, result } = await post({ operation: "health_check" }, path);
      assert.equal(status, 200);
      assert.equal(result["status"], "healthy");
      assert.ok(["cuda", "cpu"].includes(String(result["device"])));
      assert.equal(result["gpu_available"], result["device"] === "cuda");
      assert.ok(Array.isArray(result["available_models"]) && result["available_models"].includes("alto-warm"));
    });
  }

  it("004 §List Models: models and count, the same as the health check names", async () => {
    const { result } = await post({ operation: "list_models" });
    const names = result["models"] as string[];
    assert.equal(result["count"], names.length);
    assert.ok(names.length >= 5 && names.every((name) => typeof name === "string"));
    assert.deepEqual((await post({ operation: "health_check" })).result["available_models"], names);
  });

  it("004 §Generate Cover from Separate Audio: the document's payload gives the document's answer", async () => {
    const { status, result } = await post(cover({ ...PARAMS, ...PARAMETERS, crepe_hop_length: 128 }));
    assert.equal(status, 200, String(result["error"]));
    assert.equal(result["success"], true);
    assert.equal(result["filename"], "cover_alto-warm.mp3");
    assert.equal(result["model_used"], "alto-warm");
    assert.deepEqual(result["parameters"], PARAMETERS);
    const audio = Buffer.from(String(result["output_audio"]), "base64");
    assert.equal(result["size"], audio.length);
    const song = await decodePlanar(audio, {
      binaries: await services.binaries(),
      sampleRate: RATE,
      channels: 2,
      signal: new AbortController().signal,
    });
    assert.ok(Math.abs((song.channels[0] as Float32Array).length / RATE - 1) < 0.1, "as long as its stems");
    assert.match(String(result["warnings"]), /f0_method/, "an embedded voice says what found its pitch");
  });

  it("004 §Python 클라이언트 예제: what the example leaves out has the document's defaults", async () => {
    const { result } = await post(
      cover({ ...PARAMS, pitch_adjust: 0, index_rate: 0.5, f0_method: "rmvpe", output_format: "mp3" }),
    );
    assert.equal(result["success"], true);
    assert.deepEqual(result["parameters"], PARAMETERS);
  });

  it("004 §선택적 파라미터: output_format wav is one", async () => {
    const { result } = await post(cover({ ...PARAMS, output_format: "wav", f0_method: "harvest" }));
    assert.equal(result["filename"], "cover_alto-warm.wav");
    assert.equal(Buffer.from(String(result["output_audio"]), "base64").toString("latin1", 0, 4), "RIFF");
    assert.equal(result["warnings"], undefined);
  });

  const RANGES: readonly [string, number, number][] = [
    ["pitch_adjust", -12, 12],
    ["index_rate", 0, 1],
    ["filter_radius", 0, 7],
    ["rms_mix_rate", 0, 1],
    ["protect", 0, 0.5],
    ["pitch_change_all", -12, 12],
    ["reverb_rm_size", 0, 1],
    ["reverb_wet", 0, 1],
    ["reverb_dry", 0, 1],
    ["reverb_damping", 0, 1],
  ];
  for (const [name, least, most] of RANGES) {
    it(`004 §선택적 파라미터: ${name} goes from ${least} to ${most}`, async () => {
      for (const value of [least - 0.1, most + 0.1, "much", null]) {
        const { status, result } = await post(cover({ ...PARAMS, voice_model: "nobody", [name]: value }));
        assert.equal(status, 400, `${value}`);
        assert.deepEqual(Object.keys(result), ["error"]);
        assert.match(String(result["error"]), new RegExp(name));
      }
      for (const value of [least, most]) {
        // Within its range it is the unknown voice that is told.
        const { result } = await post(cover({ ...PARAMS, voice_model: "nobody", [name]: value }));
        assert.match(String(result["error"]), /^Voice model not found/);
      }
    });
  }

  it("004 §선택적 파라미터: f0_method is one of three, output_format one it knows", async () => {
    for (const wrong of [{ f0_method: "guess" }, { output_format: "midi" }]) {
      const { status, result } = await post(cover({ ...PARAMS, ...wrong }));
      assert.equal(status, 400);
      assert.match(String(result["error"]), new RegExp(Object.keys(wrong)[0] as string));
    }
    for (const f0_method of ["rmvpe", "crepe", "harvest"]) {
      const { result } = await post(cover({ ...PARAMS, voice_model: "nobody", f0_method }));
      assert.match(String(result["error"]), /^Voice model not found/);
    }
  });

  it("004 §필수 파라미터: each of the three is wanted", async () => {
    for (const name of Object.keys(PARAMS)) {
      const { status, result } = await post(cover({ ...PARAMS, [name]: undefined }));
      assert.equal(status, 400, name);
      assert.deepEqual(Object.keys(result), ["error"]);
      assert.match(String(result["error"]), new RegExp(name));
    }
  });

  it("004 §오류 처리: an unknown model is Voice model not found", async () => {
    for (const voice_model of ["model_name", "../rvc/real", "alto-warm/../x", "\u0000"]) {
      const { status, result } = await post(cover({ ...PARAMS, voice_model }));
      assert.equal(status, 404);
      assert.deepEqual(Object.keys(result), ["error"]);
      assert.match(String(result["error"]), /^Voice model not found/);
    }
  });

  it("004 §오류 처리: what is no base64 is Invalid base64 audio data", async () => {
    for (const name of ["voice_audio", "instrument_audio"]) {
      for (const value of ["base64_encoded_voice_audio!", "UklGRg", ""]) {
        const { status, result } = await post(cover({ ...PARAMS, [name]: value }));
        assert.equal(status, 400);
        assert.deepEqual(Object.keys(result), ["error"]);
        assert.match(String(result["error"]), /^Invalid base64 audio data/);
      }
    }
  });

  it("004 §오류 처리: a voice folder without a .pth is No model file exists, one with it is listed", async () => {
    const other = await localServer({ env: { TALKBOX_MODELS: models } });
    const answer = await other.call("/v2/local", { body: cover({ ...PARAMS, voice_model: "empty" }) });
    assert.equal(answer.status, 404);
    assert.match(String(answer.body["error"]), /^No model file exists/);
    const { body } = await other.call("/v2/local", { body: { operation: "list_models" } });
    assert.ok((body["models"] as string[]).includes("real"));
    assert.ok(!(body["models"] as string[]).includes("empty"));
  });

  it("004 §모델 업로드: a folder with a .pth in the place of RVC voices is listed", async () => {
    const other = await localServer({ env: { TALKBOX_RVC_MODELS: join(models, "rvc") } });
    const { body } = await other.call("/v2/local", { body: { operation: "list_models" } });
    assert.ok((body["models"] as string[]).includes("real"));
    assert.ok((body["models"] as string[]).includes("alto-warm"));
    const answer = await other.call("/v2/local", { body: cover({ ...PARAMS, voice_model: "empty" }) });
    assert.match(String(answer.body["error"]), /^No model file exists/);
  });

  it("004 §오류 처리: an operation that there is not, and none at all, are an error", async () => {
    const unknown = await post({ operation: "make_cover", params: {} });
    assert.equal(unknown.status, 404);
    assert.deepEqual(Object.keys(unknown.result), ["error"]);
    for (const payload of [{}, { params: {} }, [], "text"]) {
      const { status, result } = await post(payload);
      assert.equal(status, 400, JSON.stringify(payload));
      assert.equal(typeof result["error"], "string");
    }
  });

  it("004 §API 엔드포인트: the same payload under input is answered as the platform does", async () => {
    const { status, result } = await post({ input: { operation: "list_models" } }, "/v2/local/runsync");
    assert.equal(status, 200);
    assert.equal(result["status"], "COMPLETED");
    assert.ok(Array.isArray((result["output"] as { models?: unknown }).models));
  });

  it("004 §API 엔드포인트: the handler takes both forms, and answers the result itself", async () => {
    for (const job of [{ operation: "list_models" }, { id: "a", input: { operation: "list_models" } }]) {
      const made = await run(job, { services });
      assert.equal(made["count"], (made["models"] as string[]).length);
    }
  });

  it("004 §처리 과정: temporary files are gone when the answer is there", async () => {
    await post(cover({ ...PARAMS, f0_method: "harvest" }));
    await post(cover({ ...PARAMS, instrument_audio: Buffer.from("no sound").toString("base64") }));
    assert.deepEqual(liveTempDirs(), []);
    assert.deepEqual(
      (await readdir(tmpdir())).filter((name) => name.startsWith(`talkbox-${process.pid}`)),
      [],
    );
  });
});
