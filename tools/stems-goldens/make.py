"""
Goldens of separation: audio-separator's formulas (`MDXSeparator.demix` and its `STFT`, MIT) in torch, with networks that
are formulas themselves. Needs numpy and torch: python tools/stems-goldens/make.py > test/stems/fixtures/goldens.json
"""

import json
import math

import numpy as np
import torch

HOP = 1024
CASES = [
    # transform, bins, frames, samples, network, denoise, overlap
    (2048, 1024, 16, 50_000, "identity", False, 0.25),
    (2560, 1024, 16, 40_001, "identity", True, 0.25),
    (3072, 1537, 18, 17_000, "shape", False, 0.25),
    (3840, 1536, 20, 60_000, "shape", True, 0.5),
    (2048, 1024, 16, 700, "shape", True, 0.25),
]
AT = 199


def song(samples):
    """Two tones a side, a click and what a linear congruence makes of noise, from exact integers."""
    n = np.arange(samples, dtype=np.int64)
    noise = ((n * 1_103_515_245 + 12_345) % 65_536) / 65_536 - 0.5
    left = 0.4 * np.sin(2 * np.pi * 440 * n / 44_100) + 0.05 * noise
    right = 0.3 * np.sin(2 * np.pi * 3000.5 * n / 44_100) + 0.2 * np.cos(2 * np.pi * 30 * n / 44_100)
    left[samples // 3] += 0.5
    return np.stack([left, right]).astype(np.float32)


def network(kind, x):
    """`shape` weighs bins and frames differently, turns sides and adds what it always hears."""
    if kind == "identity":
        return x
    _, _, bins, frames = x.shape
    weight = torch.linspace(1, 0.2, bins)[:, None] * torch.linspace(0.5, 1, frames)[None, :]
    return torch.tanh(x * weight) * 3 + 0.25


def demix(mix, size, bins, frames, kind, denoise, overlap):
    trim = size // 2
    chunk = HOP * (frames - 1)
    gen = chunk - 2 * trim
    hann = torch.hann_window(size, periodic=True, dtype=torch.float64)

    def run(wave):
        spek = torch.stft(torch.from_numpy(wave), size, HOP, window=hann, center=True, return_complex=True)
        x = torch.stack([spek[0].real, spek[0].imag, spek[1].real, spek[1].imag])[None, :, :bins].float()
        x[:, :, :3] = 0
        y = 0.5 * network(kind, x) - 0.5 * network(kind, -x) if denoise else network(kind, x)
        full = torch.zeros(1, 4, size // 2 + 1, frames, dtype=torch.float64)
        full[:, :, :bins] = y.double()
        back = torch.complex(full[0, 0::2], full[0, 1::2])
        return torch.istft(back, size, HOP, window=hann, center=True).numpy()

    pad = gen + trim - mix.shape[-1] % gen
    mixture = np.concatenate((np.zeros((2, trim)), mix.astype(np.float64), np.zeros((2, pad))), 1)
    result = np.zeros_like(mixture)
    divider = np.zeros_like(mixture)
    for start in range(0, mixture.shape[-1], int((1 - overlap) * chunk)):
        end = min(start + chunk, mixture.shape[-1])
        part = np.concatenate((mixture[:, start:end], np.zeros((2, chunk - (end - start)))), 1)
        window = np.hanning(end - start)
        result[:, start:end] += run(part)[:, : end - start] * window
        divider[:, start:end] += window
    with np.errstate(all="ignore"):
        return (result / divider)[:, trim:-trim][:, : mix.shape[-1]]


cases = []
for size, bins, frames, samples, kind, denoise, overlap in CASES:
    out = demix(song(samples), size, bins, frames, kind, denoise, overlap)
    cases.append(
        {
            "size": size,
            "bins": bins,
            "frames": frames,
            "samples": samples,
            "network": kind,
            "denoise": denoise,
            "overlap": overlap,
            "rms": [round(math.sqrt((side**2).mean()), 8) for side in out],
            # Every 199th sample of both sides.
            "left": [round(float(v), 6) for v in out[0, ::AT]],
            "right": [round(float(v), 6) for v in out[1, ::AT]],
        }
    )
print(json.dumps({"every": AT, "cases": cases}))
