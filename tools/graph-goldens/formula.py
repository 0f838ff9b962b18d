"""Weights by their keys and what is written of them: test/graphs/formula.ts must say the same."""

import json
import pathlib

import numpy as np
import torch

OUT = pathlib.Path(__file__).resolve().parents[2] / "test/graphs/fixtures"


def spread(name, count):
    """Numbers from -1 to 1 that depend on a name and their place alone."""
    c = sum(map(ord, name))
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + c * 40503) % 2**32
    return x.astype(np.float64) / 2**32 * 2 - 1


def tensor(name, *shape):
    return torch.from_numpy(spread(name, int(np.prod(shape))).astype(np.float32)).reshape(shape)


def formula(key, shape):
    count = int(np.prod(shape)) if len(shape) else 1
    u = spread(key, count)
    last = key.rsplit(".", 1)[-1]
    if last == "num_batches_tracked":
        return torch.tensor(0)
    if last in ("weight_g", "gamma", "running_var") or (len(shape) == 1 and last == "weight"):
        values = 1 + 0.1 * u
    elif len(shape) < 2:
        values = 0.1 * u
    else:
        values = u * (1.5 / np.sqrt(count / shape[0]))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def shapes_of(model, leave=()):
    return {key: list(value.shape) for key, value in model.state_dict().items() if not key.startswith(tuple(leave))}


def fill(model):
    model.load_state_dict({key: formula(key, shape) for key, shape in shapes_of(model).items()})
    return model.eval()


def tree(shapes):
    root = {}
    for key, shape in shapes.items():
        *parts, last = key.split(".")
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = shape
    return root


def write(name, arrays, about):
    """Writes NAME.bin and NAME.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    flat = {key: np.asarray(array, dtype="<f4").ravel() for key, array in arrays.items()}
    (OUT / f"{name}.bin").write_bytes(b"".join(array.tobytes() for array in flat.values()))
    sizes = {key: [array.size] for key, array in flat.items()}
    (OUT / f"{name}.json").write_text(json.dumps({"keys": {}, **about, "arrays": sizes}, separators=(",", ":")) + "\n")
    for key, array in flat.items():
        print(name, key, array.shape, array.mean(), array.std(), array.min(), array.max())
