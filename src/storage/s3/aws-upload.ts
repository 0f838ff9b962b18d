/** See `aws-client.ts`. */
export { Upload } from "@aws-sdk/lib-storage";
