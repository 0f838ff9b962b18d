"""Clips to features. Usage: python prepare.py FOLDER NAME COPIES [FIRST | --clean | --light]

Writes FOLDER/NAME.COPY.feats (float16, frames x 48, dB): copy 0 of a clip is degraded speech of the voice as it is, further
copies may have been through WORLD. With --clean there is one copy, as it is; with --light one without WORLD and codecs, which
takes a tenth of the time.
"""

import json
import sys
import time

import numpy as np

import augment
import mel


def main() -> None:
    folder, name, copies = sys.argv[1], sys.argv[2], int(sys.argv[3])
    clean, light = "--clean" in sys.argv, "--light" in sys.argv
    entries = json.load(open(f"{folder}/{name}.json"))
    pcm = np.memmap(f"{folder}/{name}.pcm", np.int16, "r")
    start = time.time()
    first = int(sys.argv[4]) if len(sys.argv) > 4 and not clean and not light else 0
    for copy in range(first, copies):
        rng = np.random.default_rng([copy, len(entries)])
        at = 0
        with open(f"{folder}/{name}.{'clean' if clean else copy}.feats", "wb") as out:
            for index, entry in enumerate(entries):
                x = pcm[at : at + entry["samples"]].astype(np.float32) / 32768
                at += entry["samples"]
                if not clean:
                    if not light and rng.random() < (0.3, 0.6)[min(copy, 1)]:
                        x = augment.world(rng, x)
                    x = augment.degrade(rng, x, heavy_codecs=not light)
                feats = mel.log_mel(x)[: entry["frames"]]
                assert len(feats) == entry["frames"]
                out.write(feats.astype(np.float16).tobytes())
                if index % 500 == 0:
                    print(name, copy, index, len(entries), f"{time.time() - start:.0f} s", flush=True)


main()
