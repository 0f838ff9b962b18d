"""The reference's side of bench/rvc.ts: AICoverGen's own pipeline on PyTorch, with HuBERT of transformers in place of
fairseq's. Converts a clip, and again, and prints what it took.
Usage: python rvc-peer.py REPOSITORY MODELS SECONDS TIMES
"""

import gc
import json
import pathlib
import sys
import time
import types

BEGAN = time.perf_counter()
import faiss  # noqa: E402,F401
import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import HubertConfig, HubertModel  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
repository, folder, seconds, times = sys.argv[1:5]
sys.path.insert(0, str(pathlib.Path(repository) / "src"))
sys.path.append(str(ROOT / "tools/graph-goldens"))


def rms(y, frame_length, hop_length):
    padded = np.pad(y, frame_length // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame_length)[::hop_length]
    return np.sqrt(np.mean(np.abs(frames) ** 2, axis=1))[None]


def mel_filters(sr, n_fft, n_mels, fmin, fmax, htk):
    to_mel = lambda hz: 2595 * np.log10(1 + hz / 700)  # noqa: E731
    points = 700 * (10 ** (np.linspace(to_mel(fmin), to_mel(fmax), n_mels + 2) / 2595) - 1)
    bins = np.linspace(0, sr / 2, 1 + n_fft // 2)
    ramps = points[:, None] - bins[None]
    width = np.diff(points)
    weights = np.maximum(0, np.minimum(-ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]))
    return weights * (2 / (points[2:] - points[:-2]))[:, None]


for name in ["librosa", "librosa.filters", "librosa.util", "parselmouth", "pyworld", "torchcrepe"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["librosa"].feature = types.SimpleNamespace(rms=rms)
sys.modules["librosa.filters"].mel = mel_filters
sys.modules["librosa.util"].normalize = sys.modules["librosa.util"].pad_center = sys.modules["librosa.util"].tiny = None
np.int = int
import rmvpe  # noqa: E402
import vc_infer_pipeline  # noqa: E402
from contentvec_names import fairseq  # noqa: E402
from infer_pack import models  # noqa: E402

base = pathlib.Path(folder) / "rvc-base"


class Listener:
    def __init__(self):
        self.model = HubertModel(HubertConfig(attn_implementation="eager"))
        self.model.final_proj = torch.nn.Linear(768, 256)
        given = load_file(base / "hubert_base.safetensors")
        self.model.load_state_dict({key: given[fairseq(key)] for key in self.model.state_dict()})
        self.model.eval()
        self.final_proj = self.model.final_proj

    def extract_features(self, source, padding_mask, output_layer):
        return (self.model(source, output_hidden_states=True).hidden_states[output_layer],)


def clip(samples):
    """Something sung: test/rvc/narrow.ts has the same."""
    from formula import spread

    t = np.arange(samples) / 16000
    phase = 180 * t + 3 * np.sin(4 * t)
    sound = sum(0.12 / k * np.sin(2 * np.pi * k * phase + k) for k in range(1, 6))
    return (sound * (0.55 + 0.45 * np.sin(2.5 * t)) + 0.02 * spread("breath", samples)).astype(np.float32)


settings = types.SimpleNamespace(x_pad=1, x_query=6, x_center=38, x_max=41, is_half=False, device="cpu")
song = clip(int(seconds) * 16000)


def load():
    """All networks, as AICoverGen's `voice_change` loads them for every song."""
    saved = torch.load(pathlib.Path(folder) / "rvc/voice/voice.pth")
    voice = models.SynthesizerTrnMs768NSFsid(*saved["config"], is_half=False)
    del voice.enc_q
    voice.load_state_dict(saved["weight"], strict=False)
    voice.eval()
    vc = vc_infer_pipeline.VC(48000, settings)
    estimator = rmvpe.RMVPE.__new__(rmvpe.RMVPE)
    network = rmvpe.E2E(4, 1, (2, 2))
    network.load_state_dict(load_file(base / "rmvpe.safetensors"), strict=False)
    estimator.model, estimator.resample_kernel, estimator.is_half, estimator.device = network.eval(), {}, False, "cpu"
    estimator.mel_extractor = rmvpe.MelSpectrogram(False, 128, 16000, 1024, 160, None, 30, 8000)
    cents = 20 * np.arange(360) + 1997.3794084376191
    estimator.cents_mapping = np.pad(cents, (4, 4))
    vc.model_rmvpe = estimator
    return Listener(), voice, vc


listener, voice, vc = load()
index = str(pathlib.Path(folder) / "rvc/voice/added.index")
runs = []
for turn in range(int(times)):
    began, used = time.perf_counter(), time.process_time()
    stages = [0, 0, 0]
    more = (0, "rmvpe", index, 0.5, 1, 3, 48000, 0, 0.25, "v2", 0.33, 128)
    made = vc.pipeline(listener, voice, 0, song, "", stages, *more)
    run = {"ms": 1000 * (time.perf_counter() - began), "cpu_ms": 1000 * (time.process_time() - used), "samples": len(made)}
    if turn == 0:
        run["first_ms"] = 1000 * (time.perf_counter() - BEGAN)
    run["stages"] = dict(zip(["features and index", "pitch", "voice"], [round(1000 * x) for x in stages]))
    runs.append(run)
del listener, voice, vc
gc.collect()
began = time.perf_counter()
load()
runs[-1]["load_ms"] = 1000 * (time.perf_counter() - began)
print(json.dumps(runs))
