"""Writes test/graphs/fixtures/crepe-decode: the course of a pitch as torchcrepe's `decode.viterbi` finds it, without its
dither, and as RVC cuts it off where nothing is sung.

    python3 -m venv VENV && VENV/bin/pip install torch numpy librosa
    VENV/bin/python tools/graph-goldens/crepe_decode.py
"""

import librosa
import numpy as np
import torch
from formula import spread, write

FRAMES = 60
place = np.arange(360)
noise = spread("salience", FRAMES * 360).reshape(FRAMES, 360)
salience = np.empty((FRAMES, 360), dtype=np.float32)
for frame in range(FRAMES):
    # It sways, leaps an octave up at frame 15, is hardly there from 45 on, and doubts for a frame at 12.
    middle = 100 + 20 * np.sin(frame / 5) + (60 if frame >= 15 else 0) + (90 if frame == 12 else 0)
    level = 0.9 if frame < 45 else 0.04
    salience[frame] = level * np.exp(-(((place - middle) / 3) ** 2)) + 0.02 * (noise[frame] + 1)

logits = salience.copy()
bins = lambda hz: (1200 * np.log2(hz / 10) - 1997.3794084376191) / 20  # noqa: E731
logits[:, : int(np.floor(bins(50)))] = -np.inf
logits[:, int(np.ceil(bins(1100))) :] = -np.inf
probabilities = torch.softmax(torch.from_numpy(logits.T), dim=0).numpy()
xx, yy = np.meshgrid(range(360), range(360))
transition = np.maximum(12 - abs(xx - yy), 0)
transition = transition / transition.sum(axis=1, keepdims=True)
path = librosa.sequence.viterbi(probabilities, transition).astype(np.int64)
f0 = 10 * 2 ** ((20 * path + 1997.3794084376191) / 1200)
periodicity = salience[np.arange(FRAMES), path]

voiced = np.empty(FRAMES)
for frame in range(FRAMES):
    near = slice(max(0, frame - 1), frame + 2)
    ordered = np.sort(periodicity[near])
    voiced[frame] = 0 if ordered[(len(ordered) - 1) // 2] < 0.1 else f0[near].mean()
write("crepe-decode", {"path": path, "f0": f0, "periodicity": periodicity, "voiced": voiced}, {"frames": FRAMES, "every": 1})
