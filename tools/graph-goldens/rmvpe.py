"""Writes test/graphs/fixtures/rmvpe*: what RMVPE's network, its mel and its decoder make of weights by formula, at full
width and narrow.

    git clone https://github.com/SociallyIneptWeeb/AICoverGen
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy transformers
    VENV/bin/python tools/graph-goldens/rmvpe.py AICoverGen
"""

import pathlib
import sys
import types

import numpy as np
import torch
from formula import fill, shapes_of, spread, tensor, tree, write
from transformers.audio_utils import mel_filter_bank


def mel(sr, n_fft, n_mels, fmin, fmax, htk):
    """As librosa has it, of whose functions this is the only one needed."""
    made = mel_filter_bank(n_fft // 2 + 1, n_mels, fmin, fmax, sr, norm="slaney", mel_scale="htk" if htk else "slaney")
    return made.T.astype(np.float32)


librosa, filters = types.ModuleType("librosa"), types.ModuleType("librosa.filters")
filters.mel = mel
sys.modules.update({"librosa": librosa, "librosa.filters": filters})
sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "src"))
torch.set_num_threads(1)
import rmvpe  # noqa: E402

SAMPLES = 8000


def sound(batch):
    """Tones that glide, with noise under them, and a silence at the end."""
    t = np.arange(SAMPLES) / 16000
    rows = [0.3 * np.sin(2 * np.pi * (200 + 50 * i) * t * (1 + t)) for i in range(batch)]
    noise = spread("sound", batch * SAMPLES).reshape(batch, SAMPLES)
    made = np.stack(rows) + 0.01 * noise
    made[:, 7000:] = 0
    return torch.from_numpy(made.astype(np.float32))


def run(first, batch):
    model = fill(rmvpe.E2E(4, 1, (2, 2), en_out_channels=first))
    listen = rmvpe.MelSpectrogram(False, 128, 16000, 1024, 160, None, 30, 8000)
    whole = types.SimpleNamespace(model=model)
    with torch.no_grad():
        heard = listen(sound(batch), center=True)
        by_sound = rmvpe.RMVPE.mel2hidden(whole, heard)
        by_mel = model(3 * tensor("mel", batch, 128, 32) - 4)
    return shapes_of(model), heard.numpy(), by_sound.numpy(), by_mel.numpy()


keys, heard, by_sound, by_mel = run(16, 1)
arrays = {"sound": by_sound.ravel()[::7], "mel": by_mel.ravel()[::7]}
write("rmvpe", arrays, {"batch": 1, "samples": SAMPLES, "every": 7, "tree": tree(keys)})

keys, heard, by_sound, by_mel = run(2, 2)
decoder = types.SimpleNamespace(cents_mapping=np.pad(20 * np.arange(360) + 1997.3794084376191, (4, 4)))
decoder.to_local_average_cents = types.MethodType(rmvpe.RMVPE.to_local_average_cents, decoder)
# Some frames of a pitch at the ends of the scale, and some under the threshold.
salience = (tensor("salience", 40, 360).numpy() / 2 + 0.5) ** 8
for frame in range(40):
    salience[frame, (frame * 53) % 360] = 1
salience[8:10] = 0
salience[8, 0], salience[9, 359] = 0.9, 0.9
salience[20:24] *= 0.02
f0 = rmvpe.RMVPE.decode(decoder, salience.copy(), thred=0.03)
arrays = {"sound": by_sound.ravel()[::7], "mel": by_mel.ravel()[::7], "f0": f0}
write("rmvpe-narrow", arrays, {"batch": 2, "samples": SAMPLES, "every": 7, "tree": tree(keys)})
