"""
Goldens of separation by RoFormers: `demix` of Music-Source-Separation-Training with its networks, narrow, of weights by
formula. The files of settings that it is told to work by are kept as it reads them.

    git clone https://github.com/ZFTurbo/Music-Source-Separation-Training
    python3 -m venv VENV
    VENV/bin/pip install torch==2.15.* numpy librosa==0.11.* einops rotary-embedding-torch beartype packaging \
        ml_collections pyyaml tqdm
    VENV/bin/python tools/stems-goldens/roformer.py Music-Source-Separation-Training \
        > test/stems/fixtures/roformer-goldens.json
"""

import contextlib
import json
import pathlib
import sys

import numpy as np
import torch
import yaml
from ml_collections import ConfigDict

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "graph-goldens"))
torch.set_num_threads(1)
torch.backends.cuda.sdp_kernel = lambda **_: contextlib.nullcontext()
from formula import formula, shapes_of, tree  # noqa: E402
from models.bs_roformer.bs_roformer import BSRoformer  # noqa: E402
from models.bs_roformer.mel_band_roformer import MelBandRoformer  # noqa: E402
from utils.model_utils import demix  # noqa: E402

AT = 211
BS = """\
audio:
  chunk_size: {chunk}  # samples
  sample_rate: 44100
model:
  dim: 16
  depth: 2
  stereo: true
  num_stems: 1
  time_transformer_depth: 1
  freq_transformer_depth: 1
  freqs_per_bands: !!python/tuple [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4,
    12, 12, 24, 41]
  dim_head: 8
  heads: 2
  flash_attn: false
  stft_n_fft: 256
  stft_hop_length: {hop}
  stft_win_length: {win}
  stft_normalized: {normalized}
  zero_dc: {zero_dc}
  skip_connection: {skips}
training:
  instruments:
  - vocals
  - other
  target_instrument: vocals
  use_amp: false
inference:
  batch_size: 1
  num_overlap: {overlap}
"""
MEL = """\
audio:
  chunk_size: {chunk}
  sample_rate: 44100
model:
  dim: 16
  depth: 1
  stereo: {stereo}
  num_stems: {stems}
  time_transformer_depth: 1
  freq_transformer_depth: 2
  num_bands: 14
  dim_head: 8
  heads: 2
  flash_attn: false
  stft_n_fft: 512
  stft_hop_length: 128
  stft_win_length: 512
  mask_estimator_depth: 2
training:
  instruments: [{names}]
  target_instrument: null
  use_amp: false
inference:
  batch_size: 1
  num_overlap: {overlap}
"""


def bs(chunk, overlap, hop=64, win=256, normalized="false", zero_dc="true", skips="false"):
    return BSRoformer, BS.format(**locals())


def mel(chunk, overlap, names, stereo="true"):
    stems = names.count(",") + 1
    return MelBandRoformer, MEL.format(**locals())


CASES = [
    # settings, samples of the song
    (bs(6400, 2), 30_001),
    (bs(6400, 4, zero_dc="false", skips="true"), 26_000),
    # Chunks that are no multiple of the hop, frames that hear less than the transform, spectra that are scaled.
    (bs(5000, 2, hop=100, win=240, normalized="true"), 17_777),
    (bs(6400, 1), 15_000),
    # Too short to be mirrored; and so short that the chunk is filled up with silence.
    (bs(6400, 4), 9000),
    (bs(6400, 2), 2500),
    (mel(6400, 2, "drums, bass, other, vocals"), 20_000),
    (mel(6400, 2, "vocals, other", stereo="false"), 20_000),
]


def song(samples):
    """Two tones a side, a click and what a linear congruence makes of noise, from exact integers. Bands with next to nothing
    in them would be heard as what the rounding of the transform leaves: there is noise on both sides."""
    n = np.arange(samples, dtype=np.int64)
    noise = ((n * 1_103_515_245 + 12_345) % 65_536) / 65_536 - 0.5
    left = 0.4 * np.sin(2 * np.pi * 440 * n / 44_100) + 0.05 * noise
    right = 0.3 * np.sin(2 * np.pi * 3000.5 * n / 44_100) + 0.2 * np.cos(2 * np.pi * 30 * n / 44_100)
    left[samples // 3] += 0.5
    right += 0.05 * noise[::-1]
    return np.stack([left, right]).astype(np.float32)


class Safe(yaml.SafeLoader):
    pass


Safe.add_constructor("tag:yaml.org,2002:python/tuple", lambda loader, node: tuple(loader.construct_sequence(node)))


def separate(kind, text, mix):
    read = yaml.load(text, Safe)
    config = ConfigDict(read)
    model = kind(**read["model"])
    state = model.state_dict()
    model.load_state_dict(
        {k: v if k.endswith("rotary_embed.freqs") else formula(k, list(v.shape)) for k, v in state.items()}
    )
    model.eval()
    # One that hears one side is given each by itself.
    sides = [mix] if read["model"]["stereo"] else [mix[:1], mix[1:]]
    name = "vocals"
    with contextlib.redirect_stdout(sys.stderr):
        made = [demix(config, model, side, "cpu", "bs_roformer")[name] for side in sides]
    return shapes_of(model), np.concatenate(made)


cases = []
for (kind, text), samples in CASES:
    mix = song(samples)
    keys, out = separate(kind, text, mix)
    error = np.sqrt(((mix - out) ** 2).mean())
    print(samples, np.sqrt((out**2).mean()), "of", np.sqrt((mix**2).mean()), "left", error, file=sys.stderr)
    cases.append(
        {
            "settings": text,
            "samples": samples,
            "rms": [round(float(np.sqrt((side.astype(np.float64) ** 2).mean())), 8) for side in out],
            "left": [round(float(v), 6) for v in out[0, ::AT]],
            "right": [round(float(v), 6) for v in out[1, ::AT]],
            "tree": tree(keys),
        }
    )
print(json.dumps({"every": AT, "cases": cases}, separators=(",", ":")))

# Files as trainers save them, of the smallest network that there can be.
small = BSRoformer(
    dim=8, depth=1, time_transformer_depth=1, freq_transformer_depth=1, dim_head=4, heads=2, mlp_expansion_factor=1,
    freqs_per_bands=(2,) * 7 + (3,), stft_n_fft=32, stft_hop_length=8, stft_win_length=32,
)  # fmt: skip
state = small.state_dict()
state = {k: v if k.endswith("rotary_embed.freqs") else formula(k, list(v.shape)) for k, v in state.items()}
folder = pathlib.Path(__file__).resolve().parents[2] / "test/stems/fixtures"
torch.save({"epoch": 7, "state_dict": {f"model.{k}": v for k, v in state.items()}}, folder / "roformer-lightning.ckpt")
torch.save({"state": {f"module.{k}": v.half() for k, v in state.items()}, "sdr": 9.5}, folder / "roformer-state.ckpt")
