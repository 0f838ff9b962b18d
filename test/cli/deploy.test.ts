import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve, type TestServer } from "../net/servers.ts";

const root = join(import.meta.dirname, "../..");
let folder = "";
before(async () => (folder = await mkdtemp(join(tmpdir(), "talkbox-deploy-"))));
after(() => rm(folder, { recursive: true, force: true }));

async function deploy(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "deploy", ...args], {
    cwd: folder,
    env: { ...process.env, RUNPOD_API_KEY: "", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

async function settings(text: string): Promise<string> {
  const path = join(folder, "settings.toml");
  await writeFile(path, text);
  return path;
}

type Body = { readonly imageName?: string; readonly templateId?: string; readonly workersMax?: number };
type Call = { readonly method: string; readonly path: string; readonly key: string; readonly body: Body };

/** RunPod's REST API as far as a deployment uses it, with what it was asked for. */
async function platform(faults: number[] = []): Promise<TestServer & { calls: Call[] }> {
  const kept: Record<string, { id: string; name: string }[]> = { templates: [], endpoints: [] };
  const calls: Call[] = [];
  const server = await serve((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      const body = text === "" ? undefined : JSON.parse(text);
      calls.push({ method, path: url, key: request.headers.authorization ?? "", body });
      const status = faults.shift() ?? 200;
      const answer = (value: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      };
      if (status !== 200) return answer({ error: "a fault" });
      const [, kind = "", id] = url.split("/");
      const list = kept[kind] ?? [];
      if (method === "GET") return answer(list);
      if (method === "PATCH") return answer({ ...list.find((one) => one.id === id), ...body });
      // As the platform does for endpoints that start by FlashBoot.
      const made = { ...body, id: `${kind}-${list.length + 1}`, name: body.flashboot ? `${body.name} -fb` : body.name };
      list.push(made);
      answer(made);
    });
  });
  return Object.assign(server, { calls });
}

describe("talkbox deploy", () => {
  test("--dry-run prints what the repository's own runpod.toml asks for, and needs no key", async () => {
    const { code, stdout } = await deploy(["--dry-run", "--image", "me/talkbox:1", "-f", join(root, "runpod.toml")]);
    assert.equal(code, 0);
    const plan = JSON.parse(stdout);
    assert.equal(plan.template.imageName, "me/talkbox:1");
    assert.deepEqual(
      [plan.endpoint.name, plan.endpoint.workersMin, plan.endpoint.workersMax, plan.endpoint.flashboot],
      ["talkbox", 0, 3, true],
    );
  });

  test("makes a template and an endpoint, and the second time changes them", async () => {
    await using server = await platform();
    const file = await settings('name = "mine"\n[endpoint]\nmax_workers = 5\n[talkbox]\nimage = "me/talkbox:1"');
    const args = ["-f", file, "--api-url", server.origin];
    const first = await deploy(args, { RUNPOD_API_KEY: "secret-key" });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /Made template .*Made endpoint mine \(endpoints-1\).*v2\/endpoints-1\/runsync/s);
    assert.deepEqual(
      server.calls.map(({ method, path }) => `${method} ${path}`),
      ["GET /templates", "POST /templates", "GET /endpoints", "POST /endpoints"],
    );
    assert.ok(server.calls.every(({ key }) => key === "Bearer secret-key"));
    assert.equal(server.calls[3]?.body.templateId, "templates-1");
    assert.equal(server.calls[3]?.body.workersMax, 5);

    server.calls.length = 0;
    const second = await deploy([...args, "--image", "me/talkbox:2"], { RUNPOD_API_KEY: "secret-key" });
    assert.match(second.stdout, /Changed template .*Changed endpoint/s);
    assert.deepEqual(
      server.calls.map(({ method, path }) => `${method} ${path}`),
      ["GET /templates", "PATCH /templates/templates-1", "GET /endpoints", "PATCH /endpoints/endpoints-1"],
    );
    assert.equal(server.calls[1]?.body.imageName, "me/talkbox:2");
    assert.ok(!(first.stdout + second.stdout + first.stderr).includes("secret-key"), "the key is not printed");
  });

  test("asks again after a fault where that is safe, never makes a thing twice", async () => {
    const file = await settings('name = "mine"\n[talkbox]\nimage = "me/talkbox:1"');
    await using recovering = await platform([500, 429]);
    const args = ["-f", file, "--api-url"];
    assert.equal((await deploy([...args, recovering.origin], { RUNPOD_API_KEY: "k" })).code, 0);
    await using failing = await platform([200, 500]);
    const { code, stderr } = await deploy([...args, failing.origin], { RUNPOD_API_KEY: "k" });
    assert.equal(code, 1);
    assert.match(stderr, /POST \/templates with 500/);
    assert.equal(failing.calls.filter(({ method }) => method === "POST").length, 1);
  });

  test("says what to do about a refused key, a missing key and a platform that is away", async () => {
    const file = await settings('name = "mine"\n[talkbox]\nimage = "me/talkbox:1"');
    await using server = await platform([401]);
    const refused = await deploy(["-f", file, "--api-url", server.origin], { RUNPOD_API_KEY: "k" });
    assert.match(refused.stderr, /refuses the key.*RUNPOD_API_KEY/s);
    assert.match((await deploy(["-f", file])).stderr, /RUNPOD_API_KEY is not set/);
    const away = await deploy(["-f", file, "--api-url", "http://127.0.0.1:9"], { RUNPOD_API_KEY: "k" });
    assert.match(away.stderr, /does not answer/);
  });

  test("names every fault of the file", async () => {
    const faults: [string, RegExp][] = [
      [
        'name = "x"\n[endpoint]\nmax_workers = 0\nidle_timeuot = 5',
        /(?=.*endpoint\.max_workers must be >= 1)(?=.*\(idle_timeuot\))/s,
      ],
      ['name = "x"\n[endpoint]\nactive_workers = 9', /active_workers must not be above max_workers, 3/],
      ['name = "x"\n[project.env_vars]\nBUCKET_SECRET_ACCESS_KEY = "abc"', /is a secret.*RUNPOD_SECRET_/],
      ["name = ", /is not TOML, line 1/],
      ["[endpoint]", /must have required property 'name'/],
    ];
    for (const [text, expected] of faults) {
      const { code, stderr } = await deploy(["--dry-run", "--image", "i", "-f", await settings(text)]);
      assert.equal(code, 1);
      assert.match(stderr, expected);
    }
    assert.match((await deploy(["-f", "nowhere.toml"])).stderr, /There is no nowhere\.toml.*--file/);
    const noImage = await deploy(["--dry-run", "-f", await settings('name = "x"')]);
    assert.match(noImage.stderr, /Which image\?.*--image/s);
  });

  test("talkbox doctor looks at the file, and says what is wrong with it", async () => {
    const doctor = async (text: string) => {
      await writeFile(join(folder, "runpod.toml"), text);
      const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "doctor", "--json"], { cwd: folder });
      let stdout = "";
      child.stdout.on("data", (chunk) => (stdout += String(chunk)));
      await new Promise((resolve) => child.on("close", resolve));
      const { findings } = JSON.parse(stdout) as { findings: { name: string; ok: boolean; detail: string }[] };
      return findings.find(({ name }) => name === "runpod.toml");
    };
    assert.deepEqual(await doctor('name = "x"\n[endpoint]\nmax_workers = 2'), {
      group: "Deployment",
      name: "runpod.toml",
      required: false,
      ok: true,
      detail: "x: 0 to 2 workers",
    });
    const faulty = await doctor('name = "x"\n[endpoint]\nmax_workers = "2"');
    assert.equal(faulty?.ok, false);
    assert.match(faulty?.detail ?? "", /endpoint\.max_workers must be integer/);
  });
});
