"""Writes test/graphs/fixtures/rvc*: what RVC's generators make of weights by formula, at full width for one and narrow
for every variant. Applio's 24 kHz differs from the others in its rates alone.

    git clone https://github.com/SociallyIneptWeeb/AICoverGen
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy
    VENV/bin/python tools/graph-goldens/rvc.py AICoverGen
"""

import pathlib
import sys
import types

import numpy as np
import torch
from formula import fill, shapes_of, tensor, tree, write

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "src"))
sys.modules["scipy"] = types.ModuleType("scipy")  # imported there and not used
torch.set_num_threads(1)
from infer_pack import models  # noqa: E402

RATES = {
    ("v1", 32000): ([10, 4, 2, 2, 2], [16, 16, 4, 4, 4]),
    ("v1", 40000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v1", 48000): ([10, 6, 2, 2, 2], [16, 16, 4, 4, 4]),
    ("v2", 24000): ([10, 6, 2, 2], [20, 12, 4, 4]),
    ("v2", 32000): ([10, 8, 2, 2], [20, 16, 4, 4]),
    ("v2", 40000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v2", 48000): ([12, 10, 2, 2], [24, 20, 4, 4]),
}


def config_of(version, rate, wide):
    inter, hidden, filters, layers, channels, speakers, gin = (
        (192, 192, 768, 6, 512, 4, 256) if wide else (16, 16, 32, 2, 32, 3, 8)
    )
    rates, kernels = RATES[version, rate]
    blocks = [[3, 7, 11], [[1, 3, 5], [1, 3, 5], [1, 3, 5]]]
    return [513, 32, inter, hidden, filters, 2, layers, 3, 0, "1", *blocks, rates, channels, kernels, speakers, gin, rate]


def run(version, rate, f0, wide, batch, frames, lengths):
    config = config_of(version, rate, wide)
    name = f"SynthesizerTrnMs{256 if version == 'v1' else 768}NSFsid{'' if f0 else '_nono'}"
    model = fill(getattr(models, name)(*config, is_half=False))
    features = 256 if version == "v1" else 768
    hop, inter = rate // 100, config[2]
    phone = tensor("phone", batch, frames, features)
    # Two frames without pitch at the start and two in the middle.
    hz = 150 + 20 * np.arange(batch * frames, dtype=np.float64).reshape(batch, frames)
    hz[:, :2] = 0
    hz[:, 9:11] = 0
    pitch = torch.from_numpy(1 + np.arange(batch * frames) * 5 % 255).reshape(batch, frames)
    drawn = [tensor("noise", batch, inter, frames), tensor("source noise", batch, frames * hop, 1)]
    torch.randn_like = lambda like: drawn.pop(0).reshape(like.shape)
    heard = []
    if f0:
        model.dec.m_source.l_sin_gen.register_forward_hook(lambda *args: heard.append(args[2][0]))
    sid = torch.arange(batch) + 1
    given = (phone, torch.tensor(lengths)) + ((pitch, torch.from_numpy(hz).float()) if f0 else ()) + (sid,)
    with torch.no_grad():
        audio = model.infer(*given)[0].numpy().ravel()
    return config, shapes_of(model, ["enc_q."]), audio, heard[0].numpy().ravel() if f0 else None


config, keys, audio, source = run("v2", 48000, True, True, 1, 24, [24])
about = {"batch": 1, "frames": 24, "lengths": [24], "every": 4}
write("rvc", {"audio": audio[::4], "source": source[::4]}, {**about, "config": config, "tree": tree(keys)})

arrays, variants = {}, {}
for version, rate in RATES:
    for f0 in (True, False):
        name = f"{version} {rate // 1000}k" + ("" if f0 else " without f0")
        config, keys, audio, _ = run(version, rate, f0, False, 2, 20, [20, 13])
        arrays[name] = audio[::32]
        variants[name] = {"config": config, "tree": tree(keys)}
# Fewer frames than attention looks away.
arrays["few"] = run("v2", 40000, True, False, 1, 3, [3])[2][::32]
write("rvc-narrow", arrays, {"batch": 2, "frames": 20, "lengths": [20, 13], "every": 32, "variants": variants})
