"""Writes test/graphs/fixtures/contentvec*: what HuBERT of transformers makes of weights by formula, at full width and
narrow. The weights' names are fairseq's.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy transformers
    VENV/bin/python tools/graph-goldens/contentvec.py
"""

import numpy as np
import torch
from contentvec_names import fairseq
from formula import formula, spread, tree, write
from transformers import HubertConfig, HubertModel

torch.set_num_threads(1)
SAMPLES = 8000


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
