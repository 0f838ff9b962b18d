"""Writes test/wav2lip/fixtures: what the reference makes of a sound, of pictures and of a clip that come from formulas,
with weights that come from a seed (test/graphs/seeded.ts makes the same ones).

    git clone https://github.com/Rudrabha/Wav2Lip
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy librosa opencv-python-headless
    VENV/bin/python tools/wav2lip-goldens/make.py Wav2Lip
"""

import gzip
import importlib.util
import json
import pathlib
import sys
import types

import cv2
import librosa
import numpy as np
import torch

root = pathlib.Path(__file__).resolve().parents[2]
out = root / "test/wav2lip/fixtures"
out.mkdir(parents=True, exist_ok=True)
repo = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(repo))
torch.set_num_threads(2)

# The seed's functions are those of the graphs' goldens; that script runs as a whole, so only its head is read.
head = (root / "tools/graph-goldens/make.py").read_text().split("\ndef load(")[0].replace("sys.argv[1:3]", "['.', '.']")
seeds = types.ModuleType("seeds")
seeds.__file__ = str(root / "tools/graph-goldens/make.py")
exec(compile(head, "seeds", "exec"), seeds.__dict__)
uniform, fill = seeds.uniform, seeds.fill


def write(name, data, about=None):
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, len(data), (out / name).stat().st_size)


def sound(seconds):
    """A chirp that swells and fades, a little noise, a stretch of digital silence."""
    count = int(16000 * seconds)
    t = np.arange(count) / 16000
    x = 0.3 * np.sin(2 * np.pi * (200 * t + 300 * t * t)) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * t))
    x = x + 0.02 * (uniform("sound", count) - 0.5)
    x[(t >= 0.8) & (t < 1.0)] = 0
    return x.astype(np.float32)


# The reference pins librosa 0.7, whose padding mirrors and whose filters take their first arguments by place.
stft, mel = librosa.stft, librosa.filters.mel
librosa.stft = lambda **k: stft(**k, pad_mode="reflect")
import audio  # noqa: E402  (the reference's)

audio.librosa.filters.mel = lambda sr, n_fft, **k: mel(sr=sr, n_fft=n_fft, **k)
golden = audio.melspectrogram(sound(1.7013))
write("mel.bin.gz", golden.T.astype("<f4").tobytes())
print("mel", golden.shape, golden.min(), golden.max())


def picture(height, width, frame):
    """Soft stripes that move, in whole numbers."""
    y, x = np.mgrid[0:height, 0:width]
    wave = lambda v: np.where(v % 256 < 128, v % 256, 255 - v % 256) * 2
    parts = [wave(3 * x + 2 * y + 9 * frame), wave(2 * x + 5 * y + 70), wave(x + 3 * y + 5 * frame + 140)]
    return np.stack(parts, axis=2).astype(np.uint8)


# S3FD: the reference's own detect_from_batch over the weights of the seed.
core = types.ModuleType("face_detection.detection.core")
core.FaceDetector = object
for name, path in [("face_detection", "face_detection"), ("face_detection.detection", "face_detection/detection")]:
    made = types.ModuleType(name)
    made.__path__ = [str(repo / path)]
    sys.modules[name] = made
sys.modules["face_detection.detection.core"] = core
sfd = importlib.import_module("face_detection.detection.sfd.sfd_detector")
detector = sfd.SFDDetector.__new__(sfd.SFDDetector)
detector.device = "cpu"
detector.face_detector = fill(sfd.s3fd())
height, width = 117, 157
pictures = np.stack([picture(height, width, frame) for frame in (0, 11)])
found = detector.detect_from_batch(pictures[..., ::-1].copy())
boxes = [[[float(v) for v in box] for box in each] for each in found]
print("s3fd", [len(each) for each in boxes], boxes[0][:2])
shapes = {key: list(value.shape) for key, value in detector.face_detector.state_dict().items()}

# The whole way: inference.py's own datagen, and the loop of its main.
sys.argv = ["inference.py", "--checkpoint_path", "-", "--face", "clip.avi", "--audio", "sound.wav"]
sys.argv += ["--pads", "3", "7", "2", "4", "--wav2lip_batch_size", "4"]
rects = [(38 + 2 * i, 21 + i, 108 + i, 96 - (i % 3)) for i in range(6)]


class FaceAlignment:
    def __init__(self, *args, **kwargs):
        self.at = 0

    def get_detections_for_batch(self, images):
        self.at += len(images)
        return rects[self.at - len(images) : self.at]


sys.modules["face_detection"].FaceAlignment = FaceAlignment
sys.modules["face_detection"].LandmarksType = types.SimpleNamespace(_2D=1)
import inference  # noqa: E402  (the reference's)

frames = [picture(112, 144, frame) for frame in range(6)]
clip_mel = audio.melspectrogram(sound(0.5))
chunks, i = [], 0
while True:
    start = int(i * 80.0 / 25)
    if start + 16 > len(clip_mel[0]):
        chunks.append(clip_mel[:, len(clip_mel[0]) - 16 :])
        break
    chunks.append(clip_mel[:, start : start + 16])
    i += 1
model = fill(inference.Wav2Lip())
pasted, coords_of = [], []
for img_batch, mel_batch, batch, coords in inference.datagen(frames, chunks):
    img_batch = torch.FloatTensor(np.transpose(img_batch, (0, 3, 1, 2)))
    mel_batch = torch.FloatTensor(np.transpose(mel_batch, (0, 3, 1, 2)))
    with torch.no_grad():
        pred = model(mel_batch, img_batch)
    pred = pred.cpu().numpy().transpose(0, 2, 3, 1) * 255.0
    for p, f, c in zip(pred, batch, coords):
        y1, y2, x1, x2 = c
        f[y1:y2, x1:x2] = cv2.resize(p.astype(np.uint8), (x2 - x1, y2 - y1))
        pasted.append(f)
        coords_of.append([int(v) for v in c])
write("pasted.bin.gz", np.stack(pasted).tobytes())
crops = np.stack([cv2.resize(frames[i][y1:y2, x1:x2], (96, 96)) for i, (y1, y2, x1, x2) in enumerate(coords_of[:2])])
write("crops.bin.gz", crops.tobytes())
about = {
    "s3fd": {"height": height, "width": width, "frames": [0, 11], "boxes": boxes},
    "clip": {"height": 112, "width": 144, "seconds": 0.5, "rects": rects, "coords": coords_of, "pads": [3, 7, 2, 4]},
}
(out / "goldens.json").write_text(json.dumps(about) + "\n")
print("frames", len(pasted), pasted[0].mean(), pasted[0].std())
