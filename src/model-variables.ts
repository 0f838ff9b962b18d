import { z } from "zod";

/** Settings of files of weights: where they are, and where they come from. Part of the table in `variables.ts`. */
export const MODEL_VARIABLES = {
  TALKBOX_MODELS: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "Folder of voices, avatars and models. Empty: the `models` folder that comes with Talkbox. Whatever of that (`avatars`, `voices`, `timbres`, `questions`, `mouth`) yours does not have is taken from there.",
  },
  TALKBOX_RVC_MODELS: {
    schema: z.string().min(1),
    fallback: "/workspace/rvc_models",
    about: "A second folder of RVC voices besides `rvc` in that one, each a folder with its .pth and .index.",
  },
  TALKBOX_MODEL_FOLDERS: {
    schema: z.string().min(1),
    fallback: "/workspace/models",
    about:
      "Further folders in which files of weights are looked for, by commas. `models` on a network volume is looked into as well.",
  },
  TALKBOX_CACHE: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "Folder of the graphs that are made from checkpoints, and of what is known of model files. Empty: `cache` in TALKBOX_DATA.",
  },
  TALKBOX_CACHE_LIMIT: {
    schema: z.coerce.number().min(0.1).max(100_000),
    fallback: 20,
    about: "Most gigabytes of graphs in that folder; those that were not used for longest go first.",
  },
  HF_TOKEN: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key for Hugging Face, for `talkbox models pull` of what is not given to everybody.",
    secret: true,
  },
  HF_ENDPOINT: {
    schema: z.url({ protocol: /^https?$/ }),
    fallback: "https://huggingface.co",
    about: "Hugging Face, or a mirror of it, for `talkbox models pull`. HF_TOKEN goes there.",
  },
} as const;
