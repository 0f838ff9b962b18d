import type { Config } from "../../config.ts";
import { openModels } from "./open.ts";
import { showBytes } from "./show.ts";

/** `talkbox models clean`. */
export async function cleanModels({ keep }: { readonly keep: string }, config: Config): Promise<void> {
  const most = Number(keep);
  if (!Number.isFinite(most) || most < 0) {
    process.stderr.write(`talkbox: --keep takes gigabytes, such as 5, not "${keep}".\n`);
    process.exitCode = 1;
    return;
  }
  const { graphs } = openModels(config);
  const freed = await graphs.clean(most * 1e9);
  process.stdout.write(freed === 0 ? "There was nothing to remove.\n" : `${showBytes(freed)} are free again.\n`);
}
