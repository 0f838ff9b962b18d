"""Writes test/graphs/fixtures/ready-*.onnx.gz: narrow networks as PyTorch exports them to ONNX, in the forms in which people
have ContentVec and RMVPE ready. Weights are those of formula.py and are left out: test/graphs/ready-file.ts puts them in.

    git clone https://github.com/SociallyIneptWeeb/AICoverGen
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy transformers onnx
    VENV/bin/python tools/graph-goldens/ready.py AICoverGen

The forms, and who says so:
- vec-256-layer-9.onnx, vec-768-layer-12.onnx (MoeSS): one input [1, 1, samples], one output [1, frames, width]; so-vits-svc's
  vencoder/ContentVec768L12_Onnx.py and RVC's onnx_inference.py run them so. vec-768-layer-9.onnx is of the wrong layer.
- content_vec_500.onnx (w-okada's voice-changer, OnnxContentvec.py): audio [1, samples] -> units9, unit12, unit12s.
- rmvpe.onnx of lj1995/VoiceConversionWebUI (RVC's rmvpe.py): a log-mel [1, 128, frames] -> [1, frames, 360].
- RMVPE.onnx of MoeSS (yxlllc/RMVPE, export.py): waveform [1, samples], threshold [] -> f0, uv [1, frames];
  rmvpe_wrapped.onnx of voice-changer (RMVPEOnnxPitchExtractor.py): the same inputs, threshold [1] -> pitchf.
"""

import gzip
import io
import pathlib
import sys
import types

import numpy as np
import onnx
import torch
from contentvec_names import fairseq
from formula import OUT, fill, formula
from transformers import HubertConfig, HubertModel
from transformers.audio_utils import mel_filter_bank


def mel(sr, n_fft, n_mels, fmin, fmax, htk):
    """As librosa has it, of whose functions this is the only one needed."""
    made = mel_filter_bank(n_fft // 2 + 1, n_mels, fmin, fmax, sr, norm="slaney", mel_scale="htk" if htk else "slaney")
    return made.T.astype(np.float32)


librosa, filters = types.ModuleType("librosa"), types.ModuleType("librosa.filters")
filters.mel = mel
sys.modules.update({"librosa": librosa, "librosa.filters": filters})
sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "src"))
import rmvpe  # noqa: E402

torch.set_num_threads(1)
MOST_KEPT = 1000


def save(name, model, arguments, inputs, outputs, dynamic):
    """Exports, and takes out every weight that the formula gives again."""
    made = io.BytesIO()
    options = {"input_names": inputs, "output_names": outputs, "dynamic_axes": dynamic, "opset_version": 17}
    keep = {"dynamo": False, "do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    with torch.no_grad():
        torch.onnx.export(model.eval(), arguments, made, **options, **keep)
    proto = onnx.load_from_string(made.getvalue())
    for tensor in proto.graph.initializer:
        key = known(tensor.name)
        if np.array_equal(onnx.numpy_helper.to_array(tensor), formula(key, list(tensor.dims)).numpy()):
            tensor.name, old = key, tensor.name
            for node in proto.graph.node:
                node.input[:] = [key if used == old else used for used in node.input]
            tensor.ClearField("raw_data")
        else:
            assert len(tensor.raw_data) <= MOST_KEPT, (tensor.name, len(tensor.raw_data))
    del proto.graph.value_info[:]
    for node in proto.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    made = gzip.compress(proto.SerializeToString(), mtime=0)
    (OUT / f"ready-{name}.onnx.gz").write_bytes(made)
    print(name, proto.ByteSize(), len(made))
    for value in (*proto.graph.input, *proto.graph.output):
        print("   ", value.name, [side.dim_value or side.dim_param for side in value.type.tensor_type.shape.dim])


def known(name):
    return fairseq(name.removeprefix("hubert.").removeprefix("e2e."))


class Hubert(torch.nn.Module):
    """What is heard by HuBERT in `layers` layers."""

    def __init__(self, layers, projected):
        super().__init__()
        self.hubert = HubertModel(
            HubertConfig(
                attn_implementation="eager",
                hidden_size=128,
                num_attention_heads=2,
                intermediate_size=96,
                conv_dim=(16,) * 7,
                num_hidden_layers=layers,
            )
        )
        self.hubert.final_proj = torch.nn.Linear(128, 256)
        shapes = {key: list(value.shape) for key, value in self.hubert.state_dict().items()}
        self.hubert.load_state_dict({key: formula(fairseq(key), shape) for key, shape in shapes.items()})
        self.projected = projected

    def forward(self, source):
        made = self.hubert(source.squeeze(1)).last_hidden_state
        return self.hubert.final_proj(made) if self.projected else made


class Units(Hubert):
    def forward(self, audio):
        made = self.hubert(audio, output_hidden_states=True)
        last = made.last_hidden_state
        return self.hubert.final_proj(made.hidden_states[9]), last, self.hubert.final_proj(last)


sound = torch.from_numpy((0.1 * np.sin(np.arange(8000) / 20)).astype(np.float32))
for name, layers, projected in [("vec-256-layer-9", 9, True), ("vec-768-layer-12", 12, False), ("vec-768-layer-9", 9, False)]:
    axes = {"source": {2: "samples"}}
    save(name, Hubert(layers, projected), sound[None, None], ["source"], ["embed"], axes)
units = ["units9", "unit12", "unit12s"]
axes = {"audio": {1: "samples"}, **{each: {1: "frames"} for each in units}}
save("content-vec-500", Units(12, True), sound[None], ["audio"], units, axes)


class Salience(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.e2e = fill(rmvpe.E2E(4, 1, (2, 2), en_out_channels=2))

    def forward(self, heard):
        return self.e2e(heard)


class Pitch(Salience):
    """yxlllc's: the mel before and the decoding behind are in the graph."""

    def __init__(self, pair):
        super().__init__()
        self.pair = pair
        self.bands = torch.from_numpy(mel(16000, 1024, 128, 30, 8000, True))

    def forward(self, waveform, threshold):
        window = torch.hann_window(1024)
        heard = torch.stft(waveform, 1024, 160, 1024, window, center=True, return_complex=False)
        magnitude = torch.sqrt(torch.sum(heard**2, dim=-1))
        log = torch.log(torch.clamp(torch.matmul(self.bands, magnitude), min=1e-5))
        frames = log.shape[-1]
        padded = torch.nn.functional.pad(log, (0, 32 * ((frames - 1) // 32 + 1) - frames), mode="reflect")
        hidden = self.e2e(padded)[:, :frames]
        place = torch.arange(360)[None, None, :]
        best = torch.argmax(hidden, dim=2, keepdim=True)
        weights = hidden * ((place >= best - 4) & (place < best + 5))
        total = torch.sum(weights, dim=2)
        cents = torch.sum(weights * (place * 20 + 1997.3794084376191), dim=2) / (total + (total == 0))
        silent = hidden.max(dim=2)[0] < threshold
        f0 = 10 * 2 ** (cents / 1200) * ~silent
        return (f0, silent) if self.pair else f0


axes = {"input": {2: "frames"}, "output": {1: "frames"}}
save("rmvpe-mel", Salience(), torch.zeros(1, 128, 64), ["input"], ["output"], axes)
for name, pair, threshold in [("rmvpe-f0", True, torch.tensor(0.03)), ("rmvpe-wrapped", False, torch.tensor([0.03]))]:
    says = ["f0", "uv"] if pair else ["pitchf"]
    axes = {"waveform": {1: "samples"}, **{each: {1: "frames"} for each in says}}
    save(name, Pitch(pair), (sound[None], threshold), ["waveform", "threshold"], says, axes)
