/** Accepts jobs without end, in groups with pauses in which the log is moved; says each id once it is accepted. */
import { JobStore } from "../../src/jobs/job-store.ts";
import { acceptGroup, logsBegun, waitForNewLog } from "./job-log-jobs.ts";

const [folder = ""] = process.argv.slice(2);
const store = await JobStore.open(folder);
for (;;) {
  const before = await logsBegun(folder);
  for await (const id of acceptGroup(store)) process.stdout.write(`${id}\n`);
  await waitForNewLog(folder, before);
  process.stdout.write("moved\n");
}
