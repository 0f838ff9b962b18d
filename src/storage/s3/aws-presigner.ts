/** See `aws-client.ts`. */
export { getSignedUrl } from "@aws-sdk/s3-request-presigner";
