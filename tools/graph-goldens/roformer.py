"""Writes test/graphs/fixtures/roformer.*: what BS-RoFormer and Mel-Band RoFormer of Music-Source-Separation-Training make of
spectra and weights by formula, narrow, and the bands of mel layouts as librosa has them.

    git clone https://github.com/ZFTurbo/Music-Source-Separation-Training
    python3 -m venv VENV
    VENV/bin/pip install torch==2.15.* numpy librosa==0.11.* einops rotary-embedding-torch beartype packaging
    VENV/bin/python tools/graph-goldens/roformer.py Music-Source-Separation-Training
"""

import contextlib
import sys

import librosa
import numpy as np
import torch
from formula import formula, shapes_of, tensor, tree, write

sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
# The reference asks for it under a name that PyTorch has dropped; the processor has one way.
torch.backends.cuda.sdp_kernel = lambda **_: contextlib.nullcontext()
from models.bs_roformer.bs_roformer import BSRoformer  # noqa: E402
from models.bs_roformer.mel_band_roformer import MelBandRoformer  # noqa: E402

FRAMES = 21
EVERY = 23
BANDS = (2,) * 8 + (4,) * 4 + (12, 12, 24, 24, 25)
COMMON = {"zero_dc": False, "stft_hop_length": 64, "flash_attn": False}
SMALL = {**COMMON, "stft_n_fft": 256, "stft_win_length": 256}
MEL = {**COMMON, "stft_n_fft": 512, "stft_win_length": 512}
CASES = {
    "bs stereo": (
        BSRoformer,
        {**SMALL, "dim": 24, "depth": 2, "stereo": True, "freqs_per_bands": BANDS, "dim_head": 8, "heads": 3}
        | {"time_transformer_depth": 1, "freq_transformer_depth": 1},
    ),
    "bs mono": (
        BSRoformer,
        {**SMALL, "dim": 16, "depth": 3, "freqs_per_bands": BANDS, "dim_head": 16, "heads": 2, "num_stems": 2}
        | {"time_transformer_depth": 1, "freq_transformer_depth": 2, "skip_connection": True}
        | {"mask_estimator_depth": 3, "mlp_expansion_factor": 2},
    ),
    "mel stereo": (
        MelBandRoformer,
        {**MEL, "dim": 24, "depth": 2, "stereo": True, "num_bands": 14, "dim_head": 8, "heads": 3}
        | {"time_transformer_depth": 1, "freq_transformer_depth": 1, "mask_estimator_depth": 2},
    ),
    "mel mono": (
        MelBandRoformer,
        {**MEL, "dim": 16, "depth": 3, "num_bands": 20, "dim_head": 8, "heads": 2, "num_stems": 4}
        | {"time_transformer_depth": 2, "freq_transformer_depth": 1, "skip_connection": True},
    ),
}
LAYOUTS = [(44100, 2048, 60), (44100, 4096, 80), (44100, 512, 14), (48000, 2048, 60), (44100, 2048, 64), (44100, 512, 20)]


def run(name, kind, options):
    model = kind(**options)
    state = model.state_dict()
    model.load_state_dict(
        {k: v if k.endswith("rotary_embed.freqs") else formula(k, list(v.shape)) for k, v in state.items()}
    )
    model.eval()
    channels, bins = 2 if options.get("stereo") else 1, options["stft_n_fft"] // 2 + 1
    parts = tensor(f"spectrum {name}", channels, 2, bins, FRAMES)
    given = torch.complex(parts[:, 0].contiguous(), parts[:, 1].contiguous())
    kept = {}
    stft, istft = torch.stft, torch.istft
    torch.stft = lambda *_, **__: given
    torch.istft = lambda x, *_, length=None, **__: kept.setdefault("stems", x).real[:, 0]
    with torch.no_grad():
        model(torch.zeros(1, channels, 64 * (FRAMES - 1)))
    torch.stft, torch.istft = stft, istft
    # [stems · channels, bins, frames] → [stems, 2 · channels, bins, frames]
    made = torch.view_as_real(kept["stems"]).permute(0, 3, 1, 2).reshape(-1, 2 * channels, bins, FRAMES)
    return shapes_of(model), made.numpy()


arrays, cases = {}, {}
for name, (kind, options) in CASES.items():
    keys, made = run(name, kind, options)
    arrays[name] = made.ravel()[::EVERY]
    cases[name] = {"frames": FRAMES, "skips": options.get("skip_connection", False), "tree": tree(keys)}
layouts = []
for rate, size, bands in LAYOUTS:
    filters = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bands)
    filters[0][0] = filters[-1, -1] = 1
    held = [np.flatnonzero(band > 0) for band in filters]
    assert all(len(band) == band[-1] - band[0] + 1 for band in held)
    layouts.append({"rate": rate, "size": size, "bands": [[int(band[0]), int(band[-1])] for band in held]})
write("roformer", arrays, {"every": EVERY, "cases": cases, "layouts": layouts})
