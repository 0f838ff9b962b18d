"""Writes test/rvc/fixtures/conversion: what RVC's own pipeline (AICoverGen's) makes of clips with voices of formula
weights, narrow, and a ContentVec as wide as voices need and narrow within. What is random comes from formulas; the pitch
too; the source's phase is summed in double precision. librosa's rms is as in the version that AICoverGen names (0.9.1).

    git clone https://github.com/SociallyIneptWeeb/AICoverGen
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy scipy transformers faiss-cpu
    VENV/bin/python tools/rvc-goldens/conversion.py AICoverGen
"""

import json
import pathlib
import sys
import tempfile
import types

import faiss
import numpy as np
import torch
from transformers import HubertConfig, HubertModel

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/graph-goldens"))
sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "src"))


def rms(y, frame_length, hop_length):
    padded = np.pad(y, frame_length // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame_length)[::hop_length]
    return np.sqrt(np.mean(np.abs(frames) ** 2, axis=1))[None]


for name in ["librosa", "parselmouth", "pyworld", "torchcrepe"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["librosa"].feature = types.SimpleNamespace(rms=rms)
np.int = int
torch.set_num_threads(1)

import vc_infer_pipeline  # noqa: E402
from contentvec_names import fairseq  # noqa: E402
from formula import formula, spread, tensor, tree  # noqa: E402
from infer_pack import models  # noqa: E402
from uniform import uniform  # noqa: E402

OUT = ROOT / "test/rvc/fixtures"
RATES = {
    ("v1", 32000): ([10, 4, 2, 2, 2], [16, 16, 4, 4, 4]),
    ("v1", 40000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v2", 40000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v2", 48000): ([12, 10, 2, 2], [24, 20, 4, 4]),
}
EVERY = 64
VECTORS, LISTS = 600, 16


class Listener:
    """HuBERT of transformers with fairseq's manners."""

    def __init__(self):
        sizes = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 64, "conv_dim": (16,) * 7}
        self.model = HubertModel(HubertConfig(attn_implementation="eager", **sizes))
        self.model.final_proj = torch.nn.Linear(768, 256)
        shapes = {key: list(value.shape) for key, value in self.model.state_dict().items()}
        self.model.load_state_dict({key: formula(fairseq(key), shape) for key, shape in shapes.items()})
        self.model.eval()
        self.tree = tree({fairseq(key): shape for key, shape in shapes.items()})
        self.final_proj = self.model.final_proj

    def extract_features(self, source, padding_mask, output_layer):
        return (self.model(source, output_hidden_states=True).hidden_states[output_layer],)


def voice_of(version, rate, f0):
    config = [513, 32, 16, 16, 32, 2, 2, 3, 0, "1", [3, 7, 11], [[1, 3, 5], [1, 3, 5], [1, 3, 5]]]
    rates, kernels = RATES[version, rate]
    config += [rates, 32, kernels, 3, 8, rate]
    name = f"SynthesizerTrnMs{256 if version == 'v1' else 768}NSFsid{'' if f0 else '_nono'}"
    model = getattr(models, name)(*config, is_half=False)
    keys = {key: list(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict({key: formula(key, shape) for key, shape in keys.items()})
    return model.eval()


def exact_source(self, f0, upp):
    """The sine generator, its phase in double precision."""
    hz = f0.double().repeat_interleave(upp, dim=1)[..., None]
    uv = (hz > 0).double()
    sine = self.sine_amp * torch.sin(2 * np.pi * torch.cumsum(hz / self.sampling_rate, 1))
    noise = (uv * self.noise_std + (1 - uv) * self.sine_amp / 3) * torch.randn_like(uv.float())
    return (sine * uv + noise).float(), uv.float(), noise.float()


def clip(samples):
    """Something sung: a glide of several partials, some silence, some noise."""
    t = np.arange(samples) / 16000
    phase = 180 * t + 3 * np.sin(4 * t)
    sound = sum(0.12 / k * np.sin(2 * np.pi * k * phase + k) for k in range(1, 6))
    return (sound * (0.55 + 0.45 * np.sin(2.5 * t)) + 0.02 * spread("breath", samples)).astype(np.float32)


def pitch_of(frames):
    """Hz of each frame, every fifth quarter of a second without."""
    i = np.arange(frames)
    return np.where((i // 25) % 5 == 3, 0, 180 + 40 * np.sin(i / 15)).astype(np.float64)


def index_file(width, folder):
    quantizer = faiss.IndexFlatL2(width)
    quantizer.add(((uniform("centroids", LISTS * width) - 0.5) * 4).astype(np.float32).reshape(LISTS, width))
    index = faiss.IndexIVFFlat(quantizer, width, LISTS)
    index.is_trained = True
    vectors = ((uniform("vectors", VECTORS * width) - 0.5) * 4).astype(np.float32).reshape(VECTORS, width)
    index.add(vectors)
    path = f"{folder}/{width}.index"
    faiss.write_index(index, path)
    return path, quantizer.search(vectors, 1)[1].ravel()


listener = Listener()
models.SineGen.original, models.SineGen.forward = models.SineGen.forward, exact_source
settings = types.SimpleNamespace(x_pad=1, x_query=6, x_center=38, x_max=41, is_half=False, device="cpu")
CASES = [
    ("v2 48k with an index", "v2", 48000, True, 52_901, 0.75, 0.33, 3, 1),
    ("v1 40k", "v1", 40000, True, 48_000, 0, 0.33, 0, 1),
    ("v1 40k with an index", "v1", 40000, True, 40_000, 0.5, 0.1, -5, 2),
    ("v2 40k without f0, with an index", "v2", 40000, False, 45_000, 0.5, 0.33, 0, 0),
    ("v1 32k without f0", "v1", 32000, False, 35_200, 0, 0.5, 0, 0),
    ("shorter than what is heard around it", "v2", 48000, True, 4801, 0, 0.5, 0, 0),
]
arrays, cases, lists = {}, {}, {}
with tempfile.TemporaryDirectory() as folder:
    for name, version, rate, f0, samples, index_rate, protect, semitones, speaker in CASES:
        model = voice_of(version, rate, f0)
        width = 256 if version == "v1" else 768
        path, found = index_file(width, folder)
        lists[str(width)] = found
        frames = 2 * ((samples + 32000 - 80) // 320)

        def convert(rms_mix_rate):
            drawn = [tensor("noise", 1, 16, frames), tensor("source noise", 1, frames * rate // 100, 1)]
            torch.randn_like = lambda like: drawn.pop(0).reshape(like.shape)
            vc = vc_infer_pipeline.VC(rate, settings)
            vc.model_rmvpe = types.SimpleNamespace(infer_from_audio=lambda x, thred: pitch_of(1 + len(x) // 160))
            index = path if index_rate else ""
            more = (int(f0), 3, rate, 0, rms_mix_rate, version, protect, 128)
            return vc.pipeline(
                listener, model, speaker, clip(samples), "", [0, 0, 0], semitones, "rmvpe", index, index_rate, *more
            )

        made = convert(1)
        print(name, made.shape, np.abs(made).max() / 32768, made.std() / 32768)
        if f0:
            models.SineGen.forward = models.SineGen.original
            apart = (convert(1).astype(float) - made) / 32768
            print("  phase in single precision:", 20 * np.log10(np.sqrt(np.mean(apart**2)) + 1e-12), "dBFS")
            models.SineGen.forward = exact_source
        arrays[name] = made[::EVERY].astype("<i2")
        cases[name] = {
            **{"version": version, "rate": rate, "f0": f0, "samples": samples, "indexRate": index_rate},
            **{"protect": protect, "semitones": semitones, "speaker": speaker, "length": len(made)},
        }
        if name == "v1 40k":
            followed = convert(0.25)
            arrays["followed"] = followed[::EVERY].astype("<i2")
for width, found in lists.items():
    arrays[f"lists {width}"] = found.astype("<i2")
about = {"every": EVERY, "listener": listener.tree, "cases": cases, "arrays": {}}
about["arrays"] = {key: int(array.size) for key, array in arrays.items()}
OUT.mkdir(parents=True, exist_ok=True)
(OUT / "conversion.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
(OUT / "conversion.json").write_text(json.dumps(about, separators=(",", ":")) + "\n")
print(sum(array.nbytes for array in arrays.values()), "bytes")
