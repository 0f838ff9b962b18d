"""Sound without speech, over which a mouth rests: noise, music, both. Usage: python nonspeech.py FOLDER"""

import json
import sys

import numpy as np

import augment
import mel

SECONDS, CLIPS = 10, 150
# Rest: 11 parameters (smile 0.55, width 1), no closures, viseme 0.
REST = np.array([0, 1, 0, 0, 0, 0, 0, 0, 0.55, 0, 0, 0, 0, 0], np.float32)


def main() -> None:
    folder = sys.argv[1]
    rng = np.random.default_rng(5)
    entries = []
    with open(f"{folder}/nonspeech.0.feats", "wb") as feats, open(f"{folder}/nonspeech.mouths", "wb") as mouths:
        for index in range(CLIPS):
            n = SECONDS * mel.RATE
            kind = index % 3
            x = np.zeros(n, np.float32)
            if kind != 1:
                x = x + augment.noise(rng, n)
            if kind != 0:
                x = x + augment.music(rng, n) * 10 ** rng.uniform(-1, 1)
            x = x / np.abs(x).max() * 10 ** (-rng.uniform(1, 55) / 20)
            if rng.random() < 0.3:
                x = augment.reverb(rng, augment.equalise(rng, x))
            f = mel.log_mel(x)
            feats.write(f.astype(np.float16).tobytes())
            mouths.write(np.tile(REST, (len(f), 1)).tobytes())
            entries.append({"language": "", "speaker": "none", "samples": n, "frames": len(f)})
    json.dump(entries, open(f"{folder}/nonspeech.json", "w"))


main()
