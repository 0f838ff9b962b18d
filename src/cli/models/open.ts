import type { Config } from "../../config.ts";
import { GraphCache } from "../../library/models/graph-cache.ts";
import { modelFolders } from "../../library/models/model-folders.ts";
import { ModelLibrary } from "../../library/models/model-library.ts";
import { createLog } from "../../log.ts";

/** The library and its cache, as the settings have them; the log is for what goes wrong. */
export function openModels(config: Config): { library: ModelLibrary; graphs: GraphCache } {
  const log = createLog(config.logLevel === "info" ? { ...config, logLevel: "error" } : config);
  const { cacheDir, cacheLimitBytes } = config;
  return {
    library: new ModelLibrary({ folders: modelFolders(config), cacheDir, log }),
    graphs: new GraphCache({ cacheDir, limitBytes: cacheLimitBytes, log }),
  };
}
