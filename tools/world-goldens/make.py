"""Writes the fixtures of test/signal/world/goldens: signals, and what pyworld makes of them.

Needs pyworld 0.3.5, numpy, scipy and soundfile, and espeak-ng for the speech; the versions used go into goldens.json.
Usage: python tools/world-goldens/make.py [espeak-ng] [output folder]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyworld
import scipy
import scipy.signal
import soundfile

ESPEAK = sys.argv[1] if len(sys.argv) > 1 else "espeak-ng"
ROOT = Path(__file__).resolve().parents[2]
OUT = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "test/signal/world/goldens"
# Frames whose envelope and aperiodicity are kept: every sixteenth.
STRIDE = 16


def vowel(rate, seconds, f0, formants, noise):
    """A pulse train with vibrato through formant resonators, plus noise; silent at both ends."""
    n = int(rate * seconds)
    t = np.arange(n) / rate
    phase = np.cumsum(f0 * (1 + 0.03 * np.sin(2 * np.pi * 5.5 * t)) / rate)
    source = np.diff(np.floor(phase), prepend=0.0)
    for hz, width in formants:
        radius = np.exp(-np.pi * width / rate)
        source = scipy.signal.lfilter([1.0], [1, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2], source)
    source *= 0.3 / np.max(np.abs(source))
    source += noise * np.random.default_rng(7).standard_normal(n)
    ramp = np.clip(np.minimum(t - 0.08, seconds - 0.08 - t) / 0.03, 0, 1)
    return source * ramp


def speech(rate, text, voice):
    with tempfile.TemporaryDirectory() as folder:
        wav = f"{folder}/speech.wav"
        subprocess.run([ESPEAK, "-v", voice, "-s", "190", "-w", wav, text], check=True)
        samples, source = soundfile.read(wav)
    divisor = np.gcd(rate, source)
    return scipy.signal.resample_poly(samples, rate // divisor, source // divisor)[: int(1.9 * rate)]


AH = [(730, 90), (1090, 110), (2440, 160)]
EE = [(270, 60), (2290, 140), (3010, 200)]
CASES = {
    "low-vowel": (16000, lambda: vowel(16000, 0.8, 118.0, AH, 0.002)),
    "high-vowel": (24000, lambda: vowel(24000, 0.8, 232.0, EE, 0.004)),
    "speech": (24000, lambda: speech(24000, "She sells sea shells, and we were away a year ago.", "en-us")),
    "narrow": (8000, lambda: vowel(8000, 0.5, 165.0, AH, 0.003)),
    "wide": (48000, lambda: vowel(48000, 0.4, 140.0, AH, 0.003)),
}

OUT.mkdir(parents=True, exist_ok=True)
index = {
    "versions": {"pyworld": pyworld.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
    "stride": STRIDE,
    "cases": {},
}
for name, (rate, make) in CASES.items():
    pcm = np.round(np.clip(make(), -1, 1) * 32767).astype(np.int16)
    soundfile.write(OUT / f"{name}.wav", pcm, rate, subtype="PCM_16")
    x = pcm / 32768.0
    dio, times = pyworld.dio(x, rate)
    refined = pyworld.stonemask(x, dio, times, rate)
    harvest, _ = pyworld.harvest(x, rate)
    envelope = pyworld.cheaptrick(x, harvest, times, rate)
    size = pyworld.get_cheaptrick_fft_size(rate)
    aperiodicity = pyworld.d4c(x, harvest, times, rate)
    output = pyworld.synthesize(harvest, envelope, aperiodicity, rate)
    parts = [
        ("dio", dio, "<f8"),
        ("stonemask", refined, "<f8"),
        ("harvest", harvest, "<f8"),
        ("envelope", envelope[::STRIDE], "<f4"),
        ("aperiodicity", aperiodicity[::STRIDE], "<f4"),
        ("output", output, "<f4"),
    ]
    # D4C looks at 7.9 kHz: at lower rates pyworld reads beyond the end of its spectrum, and its result means nothing.
    for part, values, kind in parts[: 6 if rate >= 15800 else 4]:
        (OUT / f"{name}.{part}.bin").write_bytes(np.ascontiguousarray(values, dtype=kind).tobytes())
    index["cases"][name] = {"sampleRate": rate, "samples": len(x), "frames": len(times), "fftSize": size}
(OUT / "goldens.json").write_text(json.dumps(index, indent=2) + "\n")
