"""Writes test/graphs/fixtures: what the reference implementations make of weights and inputs that come from a seed, at
full width. The weights themselves are not kept: test/graphs/seeded.ts makes the same ones.

    git clone https://github.com/Rudrabha/Wav2Lip && git clone https://github.com/lipku/LiveTalking
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy
    VENV/bin/python tools/graph-goldens/make.py Wav2Lip LiveTalking
"""

import importlib.util
import json
import pathlib
import sys
import types

import numpy as np
import torch

out = pathlib.Path(__file__).resolve().parents[2] / "test/graphs/fixtures"
out.mkdir(parents=True, exist_ok=True)
wav2lip_repo, livetalking_repo = map(pathlib.Path, sys.argv[1:3])
torch.set_num_threads(1)


def fnv(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def uniform(key, count):
    """Numbers from 0 to 1 that depend on a key and their place alone (murmur3's finaliser)."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(fnv(key))
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**32


def seeded(key, shape):
    """A weight by its key: see test/graphs/seeded.ts, which must say the same."""
    count = int(np.prod(shape)) if len(shape) else 1
    u = uniform(key, count)
    last = key.rsplit(".", 1)[-1]
    if last == "num_batches_tracked":
        return torch.tensor(0)
    if last == "running_var":
        values = 0.8 + 0.4 * u
    elif last in ("running_mean", "bias"):
        values = 0.1 * (u - 0.5)
    elif len(shape) == 1:
        values = 0.4 + 0.4 * u if "norm" not in key else 4 + 6 * u
    else:
        fan_in = int(np.prod(shape[1:]))
        values = (u - 0.5) * 2 * np.sqrt(3.0 / fan_in)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def fill(module):
    module.load_state_dict({key: seeded(key, tuple(value.shape)) for key, value in module.state_dict().items()})
    return module.eval()


def load(path, name, package=None):
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def package(folder, name):
    made = types.ModuleType(name)
    made.__path__ = [str(folder)]
    sys.modules[name] = made
    load(folder / "conv.py", f"{name}.conv")


def write(name, arrays, about, model):
    about = {**about, "keys": {key: list(value.shape) for key, value in model.state_dict().items()}}
    (out / f"{name}.bin").write_bytes(b"".join(array.astype("<f4").tobytes() for array in arrays.values()))
    sizes = {key: list(array.shape) for key, array in arrays.items()}
    (out / f"{name}.json").write_text(json.dumps({**about, "arrays": sizes}) + "\n")
    for key, array in arrays.items():
        print(name, key, array.shape, array.mean(), array.std(), array.min(), array.max())


def wav2lip(size, model, every):
    batch = 2
    face = np.floor(uniform(f"face{size}", batch * size * size * 3) * 256).reshape(batch, size, size, 3)
    mel = (uniform(f"mel{size}", batch * 80 * 16) * 8 - 4).reshape(batch, 1, 80, 16)
    masked = face.copy()
    masked[:, size // 2 :] = 0
    x = np.concatenate((masked, face), axis=3) / 255.0
    with torch.no_grad():
        made = model(torch.FloatTensor(mel), torch.FloatTensor(np.transpose(x, (0, 3, 1, 2))))
    flat = made.numpy().transpose(0, 2, 3, 1).ravel()
    write(f"wav2lip-{size}", {"picture": flat[::every]}, {"size": size, "batch": batch, "every": every}, model)


package(wav2lip_repo / "models", "w2l")
wav2lip(96, fill(load(wav2lip_repo / "models/wav2lip.py", "w2l.wav2lip").Wav2Lip()), 4)
package(livetalking_repo / "avatars/wav2lip/models", "lt")
wav2lip(256, fill(load(livetalking_repo / "avatars/wav2lip/models/wav2lip_v2.py", "lt.wav2lip_v2").Wav2Lip()), 32)

s3fd = fill(load(wav2lip_repo / "face_detection/detection/sfd/net_s3fd.py", "net_s3fd").s3fd())
height, width = 149, 203
picture = np.floor(uniform("picture", height * width * 3) * 256).reshape(height, width, 3)
# As detect.py has it: blue and red change places, and the mean of the other is taken off.
turned = (picture[:, :, ::-1] - np.array([104, 117, 123])).transpose(2, 0, 1)[None]
with torch.no_grad():
    levels = s3fd(torch.from_numpy(turned.copy()).float())
arrays = {}
for i in range(6):
    score = torch.softmax(levels[2 * i], dim=1)[:, 1]
    arrays[f"score{i}"], arrays[f"box{i}"] = score.numpy().ravel(), levels[2 * i + 1].numpy().ravel()[::3]
write("s3fd", arrays, {"height": height, "width": width, "every": 3}, s3fd)
