"""What training looks at. The figures of the model card come from evaluate.ts, which runs what the rig runs."""

import json

import numpy as np

import mel
import network

SILENCE = -3.5


def aperture(mouth):
    """Height of the opening in the middle of the mouth, in half mouth widths, as the rig's geometry draws it."""
    jaw, round_, upper, lower = mouth[..., 0], mouth[..., 2], mouth[..., 3], mouth[..., 4]
    press, tuck = mouth[..., 9].clip(0, 1), mouth[..., 10].clip(0, 1)
    arch = 0.22 * round_.clip(0, 1) * 0.567 * jaw
    return (0.68 * jaw * (1 - 0.9 * tuck) + 0.14 * upper + 0.18 * lower + arch) * (1 - press)


def load(folder, name, copy):
    """[(entry, features, mouths)] of a set."""
    entries = json.load(open(f"{folder}/{name}.json"))
    feats = np.fromfile(f"{folder}/{name}.{copy}.feats", np.float16).reshape(-1, network.BANDS)
    mouths = np.fromfile(f"{folder}/{name}.mouths", np.float32).reshape(-1, 14)
    at, found = 0, []
    for e in entries:
        found.append((e, mel.normalise(feats[at : at + e["frames"]].astype(np.float32)), mouths[at : at + e["frames"]]))
        at += e["frames"]
    return found


def padded(x):
    edge = lambda n: np.full((n, network.BANDS), SILENCE, np.float32)
    return np.concatenate([edge(network.LEFT), x, edge(network.RIGHT)])


def predict(forward, params, x):
    # A few lengths only, so that few programs are compiled.
    frames = len(x)
    room = -frames % 500
    x = np.concatenate([padded(x), np.full((room, network.BANDS), SILENCE, np.float32)])
    return np.array(forward(params, x[None])[0])[:frames]


def pearson(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def correlation(forward, params, clips):
    """Mean over the clips of the correlation of the apertures."""
    return float(np.mean([pearson(aperture(predict(forward, params, x)), aperture(y)) for _, x, y in clips]))
