/** A process of its own that wants the graph of a model: prints how often it made one, and where it is. */
import { GraphCache } from "../../../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../../../src/library/models/model-library.ts";
import { silentLog } from "../../../src/log.ts";

const [models = "", cacheDir = ""] = process.argv.slice(2);
let made = 0;
const log = Object.assign(silentLog(), { info: () => void made++ });
const library = new ModelLibrary({ folders: [{ path: models }], cacheDir, log });
const entry = await library.find("wav2lip");
if (!entry) throw new Error("there is no model");
const graphs = new GraphCache({ cacheDir, limitBytes: 1e12, log });
const { path } = await graphs.graphOf(entry, { part: "face", precision: "fp32" });
process.stdout.write(`${JSON.stringify({ made, path })}\n`);
