"""Trains the network. Usage: python train.py FOLDER OUT.pickle MINUTES [START.pickle]

Reads FOLDER/{train,flite,strung,hindi,sung,nonspeech}.{0,1,…}.feats and validation.0.feats. Prints losses, and now and then the
correlation of the aperture on validation speech. What is kept is a running mean of the weights. The learning rate follows
the clock, so that training ends in time however busy the machine is.
"""

import functools
import glob
import json
import pickle
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import mel
import network
from nonspeech import REST
from metrics import aperture, correlation, load

BATCH, FRAMES = 12, 600
CONTEXT = network.LEFT + network.RIGHT
SILENCE = -3.5
# How often each set is drawn from.
SHARES = {"train": 0.38, "flite": 0.3, "strung": 0.17, "sung": 0.1, "nonspeech": 0.05}
PEAK_RATE, FINAL_RATE = 2e-3, 1.5e-5
TUNING_RATE = 8e-4  # where training goes on from weights
JAW, WIDTH, ROUND, UPPER, LOWER, TEETH_U, TEETH_L, TONGUE, SMILE, PRESS, TUCK = range(11)
# One over the spread of each parameter in speech, times how much it is seen.
WEIGHT = jnp.array([4, 8, 3.5, 3, 3, 1.2, 1.2, 1.2, 3, 2.5, 2.5])


def perturbed(rng, x):
    """Features as another throat, microphone and level would have made them."""
    frames, bands = x.shape
    places = np.arange(bands)
    warp = places * rng.uniform(0.94, 1.06) + rng.uniform(-1.2, 1.2)
    low = np.clip(np.floor(warp).astype(int), 0, bands - 2)
    part = np.clip(warp - low, 0, 1).astype(np.float32)
    x = x[:, low] * (1 - part) + x[:, low + 1] * part
    tilt = np.interp(places, np.linspace(0, bands - 1, 7), rng.normal(0, 0.12, 7))
    x = x + (tilt + rng.uniform(-0.25, 0.2)).astype(np.float32)
    if rng.random() < 0.25:
        band = rng.integers(0, bands - 6)
        x[:, band : band + rng.integers(1, 7)] = x.mean()
    if rng.random() < 0.15:  # a floor of noise that hides the quiet
        x = np.maximum(x, rng.uniform(-3, -1.2) + 0.1 * rng.standard_normal(x.shape).astype(np.float32))
    return np.maximum(x + 0.03 * rng.standard_normal(x.shape).astype(np.float32), SILENCE)


class Clips:
    def __init__(self, folder):
        self.sets = []
        shares = []
        for name, share in SHARES.items():
            copies = sorted(glob.glob(f"{folder}/{name}.[0-9].feats"))
            entries = json.load(open(f"{folder}/{name}.json"))
            mouths = np.memmap(f"{folder}/{name}.mouths", np.float32, "r").reshape(-1, 14)
            if sum(e["frames"] for e in entries) != len(mouths):
                raise SystemExit(f"{name}: sounds and mouths are of different runs; make the set again")
            lengths = []
            for path in copies:
                raw = np.memmap(path, np.float16, "r")
                raw = raw[: len(raw) // network.BANDS * network.BANDS].reshape(-1, network.BANDS)
                feats = np.empty(raw.shape, np.float16)
                at = 0
                for e in entries:
                    if at + e["frames"] > len(raw):
                        break
                    feats[at : at + e["frames"]] = mel.normalise(raw[at : at + e["frames"]].astype(np.float32))
                    at += e["frames"]
                self.sets.append((feats[:at], mouths))
                lengths.append(at)
            shares += [share * length / sum(lengths) for length in lengths]
        self.weights = np.array(shares) / sum(shares)

    def window(self, rng):
        feats, mouths = self.sets[rng.choice(len(self.sets), p=self.weights)]
        total = min(len(feats), len(mouths))
        # Clips begin and end in near silence, so a window may run over from one speaker to the next.
        at = rng.integers(0, total - FRAMES - CONTEXT)
        x = np.array(feats[at : at + FRAMES + CONTEXT], np.float32)
        if rng.random() < 0.1:  # the start of a recording
            x[: network.LEFT] = SILENCE
        y = np.array(mouths[at + network.LEFT : at + network.LEFT + FRAMES])
        if rng.random() < 0.03:  # a quiet room, or nothing at all
            quiet = rng.uniform(SILENCE, -1.8)
            return quiet + rng.uniform(0, 0.1) * rng.standard_normal(x.shape).astype(np.float32), np.tile(REST, (FRAMES, 1))
        return perturbed(rng, x), y

    def batch(self, rng):
        pairs = [self.window(rng) for _ in range(BATCH)]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])


def loss_of(params, x, y, key):
    drop = [jax.random.bernoulli(k, 0.95, (BATCH, 1, network.CHANNELS)) / 0.95 for k in jax.random.split(key, len(network.BLOCKS))]
    h = network.trunk(params, x, drop)
    out = h @ params["head"]["w"] + params["head"]["b"]
    mouth, closed = out[..., :11], out[..., 11:]
    truth, shut, viseme = y[..., :11], y[..., 11:13], y[..., 13].astype(jnp.int32)
    error = (mouth - truth) * WEIGHT
    shape = jnp.mean(error**2)
    motion = jnp.mean(((error[:, 2:] - error[:, :-2])) ** 2)
    # Closed lips are rare, short, and what is looked at most.
    opening = jnp.mean(((aperture(mouth) - aperture(truth)) * 5) ** 2 * (1 + 2 * shut[..., 0]))
    closing = jnp.mean(optax.sigmoid_binary_cross_entropy(closed, shut) * (1 + 3 * shut))
    logits = h @ params["visemes"]["w"] + params["visemes"]["b"]
    naming = jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, viseme))
    total = shape + 0.5 * motion + 1.0 * opening + 0.6 * closing + 0.15 * naming
    return total, (shape, opening, closing, naming)


def main():
    folder, out, seconds = sys.argv[1], sys.argv[2], 60 * float(sys.argv[3])
    params = network.init(jax.random.PRNGKey(0))
    if len(sys.argv) > 4:
        params = pickle.load(open(sys.argv[4], "rb"))
    print(sum(a.size for a in jax.tree.leaves(params)), "parameters; frames behind", network.LEFT, "ahead", network.RIGHT)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1.0, weight_decay=1e-3))
    state = optimiser.init(params)
    mean = params

    @jax.jit
    def step(params, mean, state, x, y, key, rate, keep):
        (total, parts), gradient = jax.value_and_grad(loss_of, has_aux=True)(params, x, y, key)
        updates, state = optimiser.update(gradient, state, params)
        params = optax.apply_updates(params, jax.tree.map(lambda u: u * rate, updates))
        mean = jax.tree.map(lambda m, p: keep * m + (1 - keep) * p, mean, params)
        return params, mean, state, total, parts

    forward = jax.jit(network.outputs)
    clips = Clips(folder)
    rng = np.random.default_rng(len(sys.argv))
    key = jax.random.PRNGKey(1)
    validation = load(folder, "validation", "0")
    start, running, n, done = time.time(), [], 0, 0.0
    peak = TUNING_RATE if len(sys.argv) > 4 else PEAK_RATE
    while done < 1:
        done = min(1.0, (time.time() - start) / seconds)
        rate = min(1, (n + 1) / 100) * (FINAL_RATE + (peak - FINAL_RATE) * 0.5 * (1 + np.cos(np.pi * done)))
        x, y = clips.batch(rng)
        key, sub = jax.random.split(key)
        params, mean, state, total, parts = step(params, mean, state, x, y, sub, rate, min(0.997, n / (n + 10)))
        running.append([float(total), *map(float, parts)])
        n += 1
        if n % 50 == 0:
            print(n, np.round(np.mean(running, 0), 4), f"{time.time() - start:.0f} s", flush=True)
            running = []
        if n % 500 == 0 or done >= 1:
            print("validation aperture r", round(correlation(forward, mean, validation), 4), flush=True)
            pickle.dump(jax.tree.map(np.asarray, mean), open(out, "wb"))


if __name__ == "__main__":
    main()
