import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type OtherServer, s3ServerSuite } from "./server.suite.ts";

/** Where `tools/test.ts` says to install it. */
const program = join(import.meta.dirname, "../../../node_modules/.cache/moto/bin/moto_server");

let child: ChildProcess | undefined;
let server: OtherServer = { endpointUrl: "", accessKeyId: "testing", secretAccessKey: "testing" };

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

if (existsSync(program)) {
  before(async () => {
    const port = await freePort();
    child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    server = { ...server, endpointUrl: `http://127.0.0.1:${port}` };
    const until = Date.now() + 60_000;
    while (!(await fetch(`${server.endpointUrl}/moto-api/`).catch(() => undefined))?.ok) {
      if (Date.now() > until || child.exitCode !== null) throw new Error("moto's server did not start.");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  after(() => child?.kill());
  s3ServerSuite("moto", () => server);
} else {
  it("moto's server is not installed: see tools/test.ts", { skip: true });
}

/** Any other server, for a person at work on this: TALKBOX_TEST_S3=http://key:secret@host:port */
const other = process.env["TALKBOX_TEST_S3"];
if (other) {
  const { origin, username, password } = new URL(other);
  const named = { endpointUrl: origin, accessKeyId: username, secretAccessKey: password };
  describe("the server of TALKBOX_TEST_S3", () => s3ServerSuite(origin, () => named));
}
