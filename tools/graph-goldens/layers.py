"""Writes test/graphs/fixtures/layers: what PyTorch's own layers make of weights by formula.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy
    VENV/bin/python tools/graph-goldens/layers.py
"""

import torch
from formula import formula, tensor, write

torch.set_num_threads(1)
BATCH, TIME, WIDTH, HEADS, HIDDEN = 2, 7, 12, 3, 5
x = 2 * tensor("x", BATCH, TIME, WIDTH)
# The second sequence is five steps long.
beyond = torch.arange(TIME)[None] >= torch.tensor([7, 5])[:, None]

attention = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
parts = [(formula(f"{part}.weight", [WIDTH, WIDTH]), formula(f"{part}.bias", [WIDTH])) for part in ("q", "k", "v", "out")]
gru = torch.nn.GRU(WIDTH, HIDDEN, batch_first=True, bidirectional=True)
norm = torch.nn.LayerNorm(WIDTH)
with torch.no_grad():
    attention.in_proj_weight.copy_(torch.cat([weight for weight, _ in parts[:3]]))
    attention.in_proj_bias.copy_(torch.cat([bias for _, bias in parts[:3]]))
    attention.out_proj.weight.copy_(parts[3][0])
    attention.out_proj.bias.copy_(parts[3][1])
    gru.load_state_dict({key: formula(f"gru.{key}", value.shape) for key, value in gru.state_dict().items()})
    norm.load_state_dict({key: formula(f"norm.{key}", value.shape) for key, value in norm.state_dict().items()})
    arrays = {
        "attention": attention(x, x, x, key_padding_mask=beyond)[0],
        "gru": gru(x)[0],
        "norm": norm(x),
        "gelu": torch.nn.functional.gelu(x),
    }
keys = {f"{part}.{kind}": [WIDTH] * (2 if kind == "weight" else 1) for part in "qkv" for kind in ("weight", "bias")}
keys |= {"out.weight": [WIDTH, WIDTH], "out.bias": [WIDTH]}
keys |= {f"gru.{key}": list(value.shape) for key, value in gru.state_dict().items()}
keys |= {f"norm.{key}": list(value.shape) for key, value in norm.state_dict().items()}
sizes = {"batch": BATCH, "time": TIME, "width": WIDTH, "heads": HEADS, "hidden": HIDDEN}
write("layers", arrays, {**sizes, "every": 1, "keys": keys})
