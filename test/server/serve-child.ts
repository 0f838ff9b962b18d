/** A server in a process of its own whose jobs are scripted, to be killed at any moment. Prints its URL. */
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { openServer } from "../../src/server/open-server.ts";
import { scriptedRun } from "./scripted-run.ts";

const server = await openServer({
  config: readConfig(process.env, import.meta.dirname),
  log: silentLog(),
  port: 0,
  host: "127.0.0.1",
  version: "test",
  warmsUp: false,
  run: scriptedRun().run,
});
process.stdout.write(`${server.url}\n`);
