"""Measures with Praat how near clones of espeak's voice come to their references: median f0 and formants F1 to F3.

Needs praat-parselmouth 0.4.7 and numpy (pip), espeak-ng, and node on the path. Development only.
Usage: python tools/voice-check/check.py FOLDER [source voice ...]

FOLDER gets the references, the clones and `table.md`. Beside the references that are made here, recordings of people are
taken where FOLDER/people.json lists them: [{"name", "reference", "text", "language"}].
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import parselmouth
from parselmouth.praat import call

HERE = Path(__file__).resolve().parent
OUT = Path(sys.argv[1])
SOURCES = sys.argv[2:] or ["nearest"]
TEXT = (
    "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore, and we were away a year ago. "
    "Please say what you think about the weather this morning. Four good old cows stood near the blue boat house."
)
# Voices of espeak-ng by variant, base pitch and speed.
VOICES = {
    "man 1": ("en-us+m1", 50), "man 3 low": ("en-us+m3", 30), "man 7": ("en-us+m7", 55), "woman 2": ("en-us+f2", 50),
    "woman 4 high": ("en-us+f4", 70), "woman 5": ("en-us+f5", 45), "croak": ("en-us+croak", 50), "british": ("en-gb", 65),
}
# Praat's "Change gender" on man 1: factor on the formants, median f0, factor on the range.
CHANGED = {"small tract": (1.18, 210, 1.2), "large tract": (0.87, 85, 0.9), "child": (1.3, 280, 1.0)}


def speak(path, voice, pitch):
    subprocess.run(["espeak-ng", "-v", voice, "-p", str(pitch), "-s", "155", "-w", path, TEXT], check=True)


def references():
    found = []
    for name, (voice, pitch) in VOICES.items():
        path = OUT / f"{name}.ref.wav"
        speak(path, voice, pitch)
        found.append({"name": name, "reference": str(path), "text": TEXT, "language": "en"})
    base = parselmouth.Sound(str(OUT / "man 1.ref.wav"))
    for name, (formants, pitch, span) in CHANGED.items():
        path = OUT / f"{name}.ref.wav"
        call(base, "Change gender", 60, 500, formants, pitch, span, 1).save(str(path), "WAV")
        found.append({"name": name, "reference": str(path), "text": TEXT, "language": "en"})
    people = OUT / "people.json"
    return found + (json.loads(people.read_text()) if people.exists() else [])


def measure(path, ceiling):
    """Over voiced frames within 25 dB of the loudest: median f0, and F1, F2, F3 as means of the inner 80 %; Hz.

    Voicing at a threshold of 0.2: at Praat's 0.45 a rough voice is unvoiced for a third of the time."""
    sound = parselmouth.Sound(str(path)).convert_to_mono()
    top = min(ceiling, sound.sampling_frequency / 2)
    pitch = sound.to_pitch_ac(0.01, 60, very_accurate=True, pitch_ceiling=500, voicing_threshold=0.2)
    formants = sound.to_formant_burg(0.01, 5 if top > 4500 else 4, top, 0.025, 50)
    intensity = sound.to_intensity(60, 0.01)
    loud = intensity.values.max() - 25
    rows = []
    for time, hz in zip(pitch.xs(), pitch.selected_array["frequency"]):
        level = intensity.get_value(time)
        if hz > 0 and level is not None and level > loud:
            rows.append([hz] + [formants.get_value_at_time(n, time) for n in (1, 2, 3)])
    table = np.array(rows, dtype=float)
    means = [np.mean([x for x in column if low <= x <= high]) for column in table[:, 1:].T
             for low, high in [np.nanpercentile(column, [10, 90])]]
    return np.array([np.median(table[:, 0]), *means])


def ceiling_of(path):
    """Hz below which five formants of this voice lie: 5500 for high voices and 5000 for low ones, and lower for longer
    tracts: with a sixth formant below it, five resonances stand for six, and rise and fall with the ceiling."""
    first = measure(path, 5500)
    ceiling = 5500 if first[0] > 150 else 5000
    if parselmouth.Sound(str(path)).sampling_frequency < 2 * ceiling:
        return ceiling
    while ceiling > 4000:
        lower = ceiling - 200
        if np.mean(np.log(measure(path, ceiling)[1:] / measure(path, lower)[1:])) < np.log(ceiling / lower):
            return ceiling
        ceiling = lower
    return ceiling


OUT.mkdir(parents=True, exist_ok=True)
listed = references()
(OUT / "references.json").write_text(json.dumps(listed))
subprocess.run(["node", str(HERE / "convert.ts"), str(OUT / "references.json"), str(OUT), *SOURCES], check=True)
lines = ["| reference | from | ceiling, Hz | f0, Hz | F1, Hz | F2, Hz | F3, Hz | worst |", "| - | - | - | - | - | - | - | - |"]
for item in listed:
    name = item["name"]
    ceiling = ceiling_of(item["reference"])
    wanted = measure(item["reference"], ceiling)
    for source in SOURCES:
        got = measure(OUT / f"{name}.{source}.wav", ceiling)
        off = 100 * (got / wanted - 1)
        cells = [f"{g:.0f} of {w:.0f} ({o:+.1f} %)" for g, w, o in zip(got, wanted, off)]
        lines.append(f"| {name} | {source} | {ceiling} | " + " | ".join(cells) + f" | {np.abs(off).max():.1f} % |")
table = "\n".join(lines)
(OUT / "table.md").write_text(table + "\n")
print(table)
