"""The other side of bench/world.ts: for each line on stdin, pyworld analyses and resynthesises the WAV once.

Usage: python bench/world-peer.py FILE.wav TIMES. Prints milliseconds by stage as JSON, a line per round.
"""

import json
import sys
import time

import numpy as np
import pyworld
import soundfile

samples, rate = soundfile.read(sys.argv[1])
samples = np.ascontiguousarray(np.tile(samples, int(sys.argv[2])))


def timed(stages, name, work):
    start = time.perf_counter()
    result = work()
    stages[name] = 1000 * (time.perf_counter() - start)
    return result


for _ in sys.stdin:
    ms = {}
    coarse, times = timed(ms, "dio", lambda: pyworld.dio(samples, rate))
    timed(ms, "stoneMask", lambda: pyworld.stonemask(samples, coarse, times, rate))
    f0, times = timed(ms, "harvest", lambda: pyworld.harvest(samples, rate))
    envelope = timed(ms, "cheapTrick", lambda: pyworld.cheaptrick(samples, f0, times, rate))
    aperiodicity = timed(ms, "d4c", lambda: pyworld.d4c(samples, f0, times, rate))
    timed(ms, "synthesise", lambda: pyworld.synthesize(f0, envelope, aperiodicity, rate))
    print(json.dumps(ms), flush=True)
