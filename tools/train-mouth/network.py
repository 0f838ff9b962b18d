"""The network: dilated convolutions over mel frames, the first ones looking ahead, the rest only back.

No padding inside: `frames + LEFT + RIGHT` frames of features make `frames` mouths.
"""

import jax
import jax.numpy as jnp
import numpy as np

BANDS, CHANNELS, MOUTH, VISEMES = 48, 96, 11, 15
# taps, dilation, frames of it that lie ahead
STEM = (5, 1, 2)
BLOCKS = [(3, 1, 1), (3, 1, 1), (3, 2, 2), (3, 4, 0), (3, 8, 0), (3, 16, 0), (3, 32, 0), (3, 1, 0)]
RIGHT = STEM[2] + sum(b[2] for b in BLOCKS)
LEFT = sum((k - 1) * d for k, d, _ in [STEM, *BLOCKS]) - RIGHT
OUTPUTS = MOUTH + 2
# Features in speech: mean and standard deviation.
MEAN, DEVIATION = -2.09, 0.81


def init(key):
    def dense(key, n_in, n_out, scale=1.0):
        return {"w": jax.random.normal(key, (n_in, n_out)) * scale * np.sqrt(2 / n_in), "b": jnp.zeros(n_out)}

    keys = jax.random.split(key, 2 * len(BLOCKS) + 4)
    params = {"stem": dense(keys[0], STEM[0] * BANDS, CHANNELS), "blocks": []}
    for i, (k, _, _) in enumerate(BLOCKS):
        conv = dense(keys[2 * i + 1], k * CHANNELS, CHANNELS)
        mix = dense(keys[2 * i + 2], CHANNELS, CHANNELS, 0.3)
        params["blocks"].append({"conv": conv, "mix": mix})
    params["head"] = dense(keys[-1], CHANNELS, OUTPUTS, 0.5)
    params["visemes"] = dense(keys[-2], CHANNELS, VISEMES, 0.5)
    return params


def conv(p, x, taps, dilation):
    """Without padding: the output is (taps - 1) * dilation frames shorter."""
    length = x.shape[1] - (taps - 1) * dilation
    stacked = jnp.concatenate([x[:, k * dilation : k * dilation + length] for k in range(taps)], axis=-1)
    return stacked @ p["w"] + p["b"]


def trunk(params, x, drop=None):
    """x: batch x (frames + LEFT + RIGHT) x BANDS -> batch x frames x CHANNELS. `drop` gives dropout masks."""
    h = jax.nn.relu(conv(params["stem"], (x - MEAN) / DEVIATION, STEM[0], STEM[1]))
    for i, ((taps, dilation, ahead), block) in enumerate(zip(BLOCKS, params["blocks"])):
        inner = jax.nn.relu(conv(block["conv"], h, taps, dilation))
        if drop is not None:
            inner = inner * drop[i]
        inner = conv(block["mix"], inner, 1, 1)
        reach = (taps - 1) * dilation
        h = h[:, reach - ahead : h.shape[1] - ahead] + inner
    return jax.nn.relu(h)


def outputs(params, x):
    """Mouth parameters, and the logits of lips closed and lip tucked: batch x frames x OUTPUTS."""
    h = trunk(params, x)
    return h @ params["head"]["w"] + params["head"]["b"]
