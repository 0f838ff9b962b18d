"""Writes test/checkpoints/fixtures: one small file of each form that people keep weights in, by the programs that make
them, and expected.json with what is in them.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy safetensors faiss-cpu
    VENV/bin/python tools/checkpoint-goldens/make.py
"""

import json
import pathlib
import pickle
from collections import OrderedDict

import faiss
import numpy as np
import torch
from safetensors.torch import save_file

out = pathlib.Path(__file__).resolve().parents[2] / "test/checkpoints/fixtures"
out.mkdir(parents=True, exist_ok=True)
base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 7 - 1

tensors = OrderedDict()
for dtype in ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"):
    tensors[f"types.{dtype}"] = (base * 7 + 7).to(getattr(torch, dtype)) if "float" not in dtype else base.to(
        getattr(torch, dtype)
    )
shared = torch.arange(12, dtype=torch.float32)
tensors["shared.whole"] = shared
tensors["shared.tail"] = shared[7:]
tensors["shared.rows"] = shared.reshape(3, 4)[:, 1:3]
tensors["transposed"] = base.permute(2, 0, 1)
tensors["expanded"] = torch.tensor([[1.5], [2.5]]).expand(2, 5)
tensors["scalar"] = torch.tensor(42.0)
tensors["empty"] = torch.zeros(0, 3)
tensors["parameter"] = torch.nn.Parameter(base[0])


def listed(tensor):
    tensor = tensor.detach()
    return {"shape": list(tensor.shape), "values": tensor.to(torch.float64).flatten().tolist()}


expected = {name: listed(tensor) for name, tensor in tensors.items()}

# What training leaves: weights under a wrapper's prefix, beside the optimiser's state.
wrapped = {
    "state_dict": OrderedDict((f"module.{name}", tensor) for name, tensor in tensors.items()),
    "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1e-4, "params": [0]}]},
    "global_step": 123456789012,
    "hparams": {"mel": 80, "rates": [10, 10, 2, 2], "note": "한국어", "nested": (1, 2.5, None, True)},
}
torch.save(wrapped, out / "wrapped.pth")
torch.save(wrapped, out / "wrapped-legacy.pth", _use_new_zipfile_serialization=False)
torch.save(tensors, out / "flat.pth")

# An RVC voice's layout.
torch.save(
    {
        "weight": OrderedDict((name, tensor.half()) for name, tensor in tensors.items() if "float" in name),
        "config": [1025, 32, 192, 192, 768, 2, 6, 3, 0, "1", [3, 7, 11], 40000],
        "info": "200epoch",
        "sr": "40k",
        "f0": 1,
        "version": "v2",
    },
    out / "voice.pth",
)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.ModuleList([torch.nn.Sequential(Block())])
        self.last = torch.nn.Linear(3, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.last(x.mean((2, 3)))


torch.manual_seed(7)
net = Net().eval()
torch.jit.save(torch.jit.trace(net, torch.zeros(1, 2, 8, 8)), out / "scripted.pt")
expected_script = {name: listed(tensor) for name, tensor in net.state_dict().items()}

with open(out / "plain.pkl", "wb") as file:
    pickle.dump({"latents": [base, base.half()], "coords": [(np.int32(3), 4, np.float64(0.5))], "mask": np.eye(3)}, file)
arrays = {
    "c": np.arange(6, dtype=np.float32).reshape(2, 3) / 3,
    "fortran": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    "big": np.arange(5, dtype=">i4"),
    "flags": np.array([True, False, True]),
}
for protocol in (2, 4):
    with open(out / f"arrays-{protocol}.pkl", "wb") as file:
        pickle.dump(arrays, file, protocol=protocol)
np.save(out / "array.npy", arrays["fortran"])
np.savez(out / "arrays.npz", **arrays)
np.savez_compressed(out / "arrays-compressed.npz", **arrays)
expected_arrays = {
    name: {"shape": list(array.shape), "values": array.astype(np.float64).flatten().tolist()}
    for name, array in arrays.items()
}

safe = {name: tensor.contiguous().clone() for name, tensor in tensors.items() if name != "empty"}
save_file(safe, out / "flat.safetensors", metadata={"format": "pt"})
names = list(safe)
shards = {"model-00001-of-00002.safetensors": names[:6], "model-00002-of-00002.safetensors": names[6:]}
for file, held in shards.items():
    save_file({name: safe[name] for name in held}, out / file)
(out / "model.safetensors.index.json").write_text(
    json.dumps({"metadata": {}, "weight_map": {name: file for file, held in shards.items() for name in held}})
)

rng = np.random.default_rng(3)
vectors = rng.standard_normal((200, 8), dtype=np.float32)
for name, factory in (("ivf", "IVF5,Flat"), ("flat", "Flat"), ("pq", "IVF2,PQ4x4")):
    index = faiss.index_factory(8, factory)
    index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, str(out / f"{name}.index"))
sparse = faiss.index_factory(8, "IVF20,Flat")
sparse.train(vectors)
sparse.add(vectors[:4])
faiss.write_index(sparse, str(out / "sparse.index"))
trained = faiss.index_factory(8, "IVF5,Flat")
trained.train(vectors)
faiss.write_index(trained, str(out / "trained.index"))
ivf = faiss.read_index(str(out / "ivf.index"))

(out / "expected.json").write_text(
    json.dumps(
        {
            "tensors": expected,
            "scripted": expected_script,
            "arrays": expected_arrays,
            "vectors": vectors.tolist(),
            "centroids": ivf.quantizer.reconstruct_n(0, 5).tolist(),
            "sparse": vectors[:4].tolist(),
        }
    )
    + "\n"
)

# One element that a stride of zero makes look like a billion: torch writes it as small as it is.
torch.save({"huge": torch.ones(1).expand(1_000_000_000)}, out / "repeated.pth")
