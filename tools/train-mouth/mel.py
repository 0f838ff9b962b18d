"""Log-mel frames: the mirror of src/signal/mel.ts and of the level follower in the rig's mouth network.

16 kHz, windows of 25 ms every 10 ms, frame i centred at (i + 0.5) / 100 s, 48 bands.
"""

import numpy as np

RATE, HOP, WINDOW, FFT, BANDS = 16_000, 160, 400, 512, 48
LOW_HZ, HIGH_HZ = 60.0, 7_600.0
FLOOR = 1e-10

# Level follower, dB and frames.
SMOOTH, DECAY, OPENING, QUIETEST = 5, 0.02, 300, -55.0
DYNAMIC, SCALE = 70.0, 20.0


def filter_bank() -> np.ndarray:
    """Triangles of height 1 on O'Shaughnessy's mel scale, bands x bins."""
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    edges = 700 * (10 ** (np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2) / 2595) - 1)
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    bank = np.zeros((BANDS, len(bins)))
    for b in range(BANDS):
        low, mid, high = edges[b : b + 3]
        bank[b] = np.maximum(0, np.minimum((bins - low) / (mid - low), (high - bins) / (high - mid)))
    return bank


BANK = filter_bank()
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))


def log_mel(x: np.ndarray) -> np.ndarray:
    """10 log10 of the power in each band, frames x bands. Beyond the sound is silence."""
    frames = len(x) // HOP
    lead = (WINDOW - HOP) // 2
    padded = np.concatenate([np.zeros(lead), x.astype(np.float64), np.zeros(WINDOW)])
    view = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames]
    spectrum = np.fft.rfft(view * HANN, FFT)
    power = spectrum.real**2 + spectrum.imag**2
    return 10 * np.log10(power @ BANK.T / (WINDOW / 2) ** 2 * 4 + FLOOR)


def level_of(mel: np.ndarray) -> np.ndarray:
    """The level that each frame is measured against, dB: a peak follower that begins at the peak of the opening."""
    energy = np.log10((10 ** (mel.astype(np.float64) / 10)).sum(1)) * 10
    # The mean of the last SMOOTH frames' energies; before the first frame it repeats.
    extended = np.concatenate([np.full(SMOOTH - 1, energy[0]), energy])
    smooth = np.convolve(extended, np.ones(SMOOTH) / SMOOTH, "valid")
    last = max(QUIETEST, smooth[:OPENING].max())
    level = []
    for peak in smooth.tolist():
        last = max(peak, last - DECAY, QUIETEST)
        level.append(last)
    return np.array(level)


def features(x: np.ndarray) -> np.ndarray:
    """What the network is fed, frames x bands: dB against the level, 0 at the level, -3.5 at silence."""
    mel = log_mel(x)
    return normalise(mel)


def normalise(mel: np.ndarray) -> np.ndarray:
    relative = mel - level_of(mel)[:, None]
    return (np.maximum(relative, -DYNAMIC) / SCALE).astype(np.float32)
