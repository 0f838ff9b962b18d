import { registerHooks } from "node:module";

/** Preloaded into a process: says on the standard error when the AWS client is loaded. */
let said = false;
registerHooks({
  resolve(specifier, context, next) {
    if (!said && specifier.startsWith("@aws-sdk/")) {
      said = true;
      process.stderr.write(`AWS LOADED: ${specifier}\n`);
    }
    return next(specifier, context);
  },
});
