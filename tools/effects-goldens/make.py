"""Writes test/signal/effects/goldens/: what pedalboard makes of a test sound, every SKIP-th sample of it as float32.

Run in an environment of its own: pip install pedalboard==0.9.26 numpy; python tools/effects-goldens/make.py
pedalboard is only called, never shipped. The test makes the same sound by the same whole numbers (`sound` there).
"""

import json
from pathlib import Path

import numpy as np
from pedalboard import Compressor, HighpassFilter, Pedalboard, Reverb

SKIP = 9
SECONDS = 0.4
OUT = Path(__file__).parents[2] / "test" / "signal" / "effects" / "goldens"


def sound(rate: int, seed: int) -> np.ndarray:
    """Noise from a linear congruence in bursts of five levels, each 1/32 s; whole numbers until the last division."""
    count = int(rate * SECONDS)
    state = seed
    samples = np.empty(count, np.float32)
    for n in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        level = (0, 1, 4, 16, 63)[(n * 32 // rate + n * 32 // rate // 5) % 5]
        samples[n] = (state // 65536 - 32768) * level / (32768 * 64)
    return samples


CASES = []
for rate in (22050, 32000, 40000, 44100, 48000):
    CASES.append((rate, "high-pass", {"hz": 50}, 1, lambda s: HighpassFilter(cutoff_frequency_hz=s["hz"])))
    for settings in (
        {"threshold": -15, "ratio": 4, "attack": 1, "release": 100},
        {"threshold": -30, "ratio": 2.5, "attack": 10, "release": 30},
    ):
        CASES.append((rate, "compressor", settings, 1, lambda s: Compressor(s["threshold"], s["ratio"], s["attack"], s["release"])))
    rooms = [{"roomSize": 0.15, "damping": 0.7, "wet": 0.2, "dry": 0.8, "width": 1}]
    if rate in (40000, 44100):
        rooms.append({"roomSize": 0.9, "damping": 0.1, "wet": 1, "dry": 0, "width": 0.3})
        rooms.append({"roomSize": 0, "damping": 1, "wet": 0.33, "dry": 0.4, "width": 0})
    for settings in rooms:
        for channels in (1, 2):
            CASES.append((rate, "reverb", settings, channels, lambda s: Reverb(s["roomSize"], s["damping"], s["wet"], s["dry"], s["width"], 0)))

index, pieces, at = [], [], 0
for rate, effect, settings, channels, make in CASES:
    given = np.stack([sound(rate, 1 + channel) for channel in range(channels)])
    made = Pedalboard([make(settings)])(given if channels > 1 else given[0], rate)
    kept = np.ascontiguousarray(np.atleast_2d(made)[:, ::SKIP], np.float32)
    index.append({"rate": rate, "effect": effect, "settings": settings, "channels": channels, "from": at, "count": kept.shape[1]})
    pieces.append(kept.reshape(-1))
    at += kept.size

OUT.mkdir(parents=True, exist_ok=True)
np.concatenate(pieces).astype("<f4").tofile(OUT / "goldens.bin")
(OUT / "goldens.json").write_text(json.dumps({"skip": SKIP, "seconds": SECONDS, "cases": index}, indent=1) + "\n")
print(f"{len(index)} cases, {at * 4} bytes")
