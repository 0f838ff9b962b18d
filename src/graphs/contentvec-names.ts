import type { Checkpoint } from "../checkpoints/checkpoint.ts";

/** What a HuBERT's layers are called in a file. */
export type ContentVecNames = {
  /** What stands before all of them. */
  readonly prefix: string;
  readonly listener: (i: number) => string;
  /** The norm after the first listener. */
  readonly listenerNorm: string;
  readonly featureNorm: string;
  readonly features: string;
  readonly place: string;
  readonly norm: string;
  readonly layer: (i: number) => {
    readonly query: string;
    readonly key: string;
    readonly value: string;
    readonly out: string;
    /** The norms after the attention and at the end. */
    readonly first: string;
    readonly last: string;
    readonly wider: string;
    readonly narrower: string;
  };
  readonly projection: string;
};

const LAST_LAYER = /^(.*?)encoder\.layers\.11\.final_layer_norm\.weight$/;

/** Names as the file has them: fairseq's or those of transformers. @returns undefined when it is no HuBERT */
export function contentVecNames({ tensors }: Checkpoint): ContentVecNames | undefined {
  for (const key of tensors.keys()) {
    const prefix = LAST_LAYER.exec(key)?.[1];
    if (prefix === undefined) continue;
    const listener = `${prefix}feature_extractor.conv_layers.6`;
    if (tensors.has(`${listener}.0.weight`)) return fairseq(prefix);
    if (tensors.has(`${listener}.conv.weight`)) return transformers(prefix, tensors.has("final_proj.weight"));
  }
  return undefined;
}

function fairseq(prefix: string): ContentVecNames {
  return {
    prefix,
    listener: (i) => `${prefix}feature_extractor.conv_layers.${i}.0`,
    listenerNorm: `${prefix}feature_extractor.conv_layers.0.2`,
    featureNorm: `${prefix}layer_norm`,
    features: `${prefix}post_extract_proj`,
    place: `${prefix}encoder.pos_conv.0`,
    norm: `${prefix}encoder.layer_norm`,
    layer(i) {
      const at = `${prefix}encoder.layers.${i}`;
      return {
        ...projections(`${at}.self_attn`),
        first: `${at}.self_attn_layer_norm`,
        last: `${at}.final_layer_norm`,
        wider: `${at}.fc1`,
        narrower: `${at}.fc2`,
      };
    },
    projection: `${prefix}final_proj`,
  };
}

/** @param outside whether the projection stands beside the network, as where a model holds one */
function transformers(prefix: string, outside: boolean): ContentVecNames {
  return {
    prefix,
    listener: (i) => `${prefix}feature_extractor.conv_layers.${i}.conv`,
    listenerNorm: `${prefix}feature_extractor.conv_layers.0.layer_norm`,
    featureNorm: `${prefix}feature_projection.layer_norm`,
    features: `${prefix}feature_projection.projection`,
    place: `${prefix}encoder.pos_conv_embed.conv`,
    norm: `${prefix}encoder.layer_norm`,
    layer(i) {
      const at = `${prefix}encoder.layers.${i}`;
      return {
        ...projections(`${at}.attention`),
        first: `${at}.layer_norm`,
        last: `${at}.final_layer_norm`,
        wider: `${at}.feed_forward.intermediate_dense`,
        narrower: `${at}.feed_forward.output_dense`,
      };
    },
    projection: outside ? "final_proj" : `${prefix}final_proj`,
  };
}

function projections(at: string) {
  return { query: `${at}.q_proj`, key: `${at}.k_proj`, value: `${at}.v_proj`, out: `${at}.out_proj` };
}
