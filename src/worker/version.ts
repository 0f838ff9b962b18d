/** Version of this module, as the platform sees it; the same as the package's. */
export const VERSION = "0.1.0";
