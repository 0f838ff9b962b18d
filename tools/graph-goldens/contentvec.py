"""Writes test/graphs/fixtures/contentvec*: what HuBERT of transformers makes of weights by formula, at full width and
narrow. The weights' names are fairseq's.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy transformers
    VENV/bin/python tools/graph-goldens/contentvec.py
"""

import re

import numpy as np
import torch
from formula import formula, spread, tree, write
from transformers import HubertConfig, HubertModel

torch.set_num_threads(1)
SAMPLES = 8000
RENAMED = [
    (r"^feature_extractor\.conv_layers\.(\d)\.conv\.", r"feature_extractor.conv_layers.\1.0."),
    (r"^feature_extractor\.conv_layers\.0\.layer_norm\.", "feature_extractor.conv_layers.0.2."),
    (r"^feature_projection\.layer_norm\.", "layer_norm."),
    (r"^feature_projection\.projection\.", "post_extract_proj."),
    (r"^encoder\.pos_conv_embed\.conv\.parametrizations\.weight\.original0$", "encoder.pos_conv.0.weight_g"),
    (r"^encoder\.pos_conv_embed\.conv\.parametrizations\.weight\.original1$", "encoder.pos_conv.0.weight_v"),
    (r"^encoder\.pos_conv_embed\.conv\.", "encoder.pos_conv.0."),
    (r"^(encoder\.layers\.\d+)\.layer_norm\.", r"\1.self_attn_layer_norm."),
    (r"^(encoder\.layers\.\d+)\.attention\.", r"\1.self_attn."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.intermediate_dense\.", r"\1.fc1."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.output_dense\.", r"\1.fc2."),
    (r"^masked_spec_embed$", "mask_emb"),
]


def fairseq(key):
    for pattern, name in RENAMED:
        key = re.sub(pattern, name, key)
    return key


def run(batch, projected, **sizes):
    config = HubertConfig(attn_implementation="eager", **sizes)
    model = HubertModel(config)
    model.final_proj = torch.nn.Linear(config.hidden_size, projected)
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict({key: formula(fairseq(key), shape) for key, shape in shapes.items()})
    model.eval()
    t = np.arange(SAMPLES) / 16000
    rows = np.stack([0.3 * np.sin(2 * np.pi * (200 + 50 * i) * t * (1 + t)) for i in range(batch)])
    audio = (rows + 0.01 * spread("sound", batch * SAMPLES).reshape(batch, SAMPLES)).astype(np.float32)
    with torch.no_grad():
        made = model(torch.from_numpy(audio), output_hidden_states=True)
        v1 = model.final_proj(made.hidden_states[9])
    return {fairseq(key): shape for key, shape in shapes.items()}, v1.numpy().ravel(), made.last_hidden_state.numpy().ravel()


for name, every, batch, projected, sizes in [
    ("contentvec", 5, 1, 256, {}),
    (
        "contentvec-narrow",
        2,
        2,
        24,
        {"hidden_size": 128, "num_attention_heads": 2, "intermediate_size": 96, "conv_dim": (16,) * 7},
    ),
]:
    keys, v1, v2 = run(batch, projected, **sizes)
    about = {"batch": batch, "samples": SAMPLES, "every": every, "tree": tree(keys)}
    write(name, {"v1": v1[::every], "v2": v2[::every]}, about)
