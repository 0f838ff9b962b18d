/** Loaded before the launcher with `--import`: that takes its own Node for an older one, and starts the one of the packages. */
if (process.env["NODE_OPTIONS"] !== undefined) {
  delete process.env["NODE_OPTIONS"];
  Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });
}
