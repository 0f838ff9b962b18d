import { z } from "zod";

/** Settings of the bucket that outputs go to. Part of the table in `variables.ts`. */
export const BUCKET_VARIABLES = {
  BUCKET_ENDPOINT_URL: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "The S3 service that outputs go to; may carry the bucket in its host or path, and folders after it. As runpod-python has it.",
  },
  BUCKET_NAME: {
    schema: z.string().min(1),
    fallback: "",
    about: "The bucket, where the endpoint's URL does not name it.",
  },
  BUCKET_ACCESS_KEY_ID: {
    schema: z.string().min(1),
    fallback: "",
    about: "Its key. Empty: AWS_ACCESS_KEY_ID.",
    secret: true,
  },
  BUCKET_SECRET_ACCESS_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Its secret. Empty: AWS_SECRET_ACCESS_KEY.",
    secret: true,
  },
  AWS_ACCESS_KEY_ID: {
    schema: z.string().min(1),
    fallback: "",
    about: "As AWS's own programs have it. Used when a bucket is named.",
    secret: true,
  },
  AWS_SECRET_ACCESS_KEY: { schema: z.string().min(1), fallback: "", about: "The secret to that key.", secret: true },
  AWS_SESSION_TOKEN: {
    schema: z.string().min(1),
    fallback: "",
    about: "The token of a temporary key. Presigned URLs end with it.",
    secret: true,
  },
  AWS_REGION: {
    schema: z.string().min(1),
    fallback: "",
    about: "The bucket's region, where the endpoint's host does not tell. Empty: AWS_DEFAULT_REGION, then `us-east-1`.",
  },
  AWS_DEFAULT_REGION: { schema: z.string().min(1), fallback: "", about: "As AWS_REGION, which wins." },
  AWS_ENDPOINT_URL_S3: {
    schema: z.string().min(1),
    fallback: "",
    about: "As BUCKET_ENDPOINT_URL, which wins. Alone it configures no bucket.",
  },
  TALKBOX_S3_ADDRESSING: {
    schema: z.enum(["auto", "path", "host"]),
    fallback: "auto",
    about:
      "Where URLs carry the bucket. `auto`: in the host for AWS and for endpoints that have it there, else in the path.",
  },
} as const;
