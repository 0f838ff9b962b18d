import { createRequire } from "node:module";
import type { BucketRequest } from "../../../src/storage/s3/settings.ts";

type Server = {
  readonly logger: { silent: boolean };
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
};
type Options = {
  readonly address: string;
  readonly port: number;
  readonly silent: boolean;
  readonly directory: string;
  readonly configureBuckets: readonly { readonly name: string }[];
};

/** s3rver in this process: the data path on code that is not ours. It checks no signature and knows no rules. */
export async function startS3rver(directory: string): Promise<AsyncDisposable & { readonly request: BucketRequest }> {
  const S3rver = createRequire(import.meta.url)("s3rver") as new (options: Options) => Server;
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: "talkbox-test" }],
  });
  // Its own option takes the logger's outputs away, about which the logger complains.
  server.logger.silent = true;
  const { port } = await server.run();
  return {
    request: {
      endpointUrl: `http://127.0.0.1:${port}`,
      bucket: "talkbox-test",
      region: "",
      accessKeyId: "S3RVER",
      secretAccessKey: "S3RVER",
      sessionToken: "",
      addressing: "auto",
    },
    [Symbol.asyncDispose]: async () => server.close(),
  };
}
