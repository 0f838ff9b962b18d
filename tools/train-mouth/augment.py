"""What happens to speech on its way to a microphone and a file, on 16 kHz float32 mono. Every function returns the length it got."""

import subprocess

import numpy as np
import scipy.signal as sig

RATE = 16_000


def rms(x):
    return float(np.sqrt(np.mean(x * x) + 1e-12))


def noise(rng, n):
    """Noise of a random colour, some of it swelling and fading."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE) + 20
    spectrum *= hz ** rng.uniform(-1.3, 0.3)
    x = np.fft.irfft(spectrum, n)
    if rng.random() < 0.3:  # mains hum and its harmonics
        t = np.arange(n) / RATE
        base = rng.choice([50, 60])
        hum = sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6)) for k in range(1, 8))
        x = x / rms(x) + hum / rms(hum) * rng.uniform(0.2, 2)
    if rng.random() < 0.4:
        points = max(2, int(n / RATE * rng.uniform(0.3, 3)))
        swell = np.interp(np.linspace(0, 1, n), np.linspace(0, 1, points), 10 ** rng.uniform(-0.6, 0.2, points))
        x = x * swell
    return (x / rms(x)).astype(np.float32)


def music(rng, n):
    """Chords, a bass, an arpeggio and drums, made up on the spot."""
    bpm = rng.uniform(70, 150)
    beat = int(RATE * 60 / bpm)
    out = np.zeros(n + 4 * beat, np.float32)
    root = rng.integers(40, 58)
    scale = [0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.6 else [0, 2, 3, 5, 7, 8, 10]
    parts = rng.random(4) < [0.8, 0.7, 0.6, 0.6]
    harmonics = rng.integers(3, 14)
    slope = rng.uniform(0.7, 2)
    drum_level = rng.uniform(0.5, 2)

    def note(midi, length, attack, decay):
        t = np.arange(length) / RATE
        f = 440 * 2 ** ((midi - 69) / 12) * (1 + rng.uniform(-0.002, 0.002))
        x = sum(np.sin(2 * np.pi * f * k * t + rng.uniform(0, 6)) / k**slope for k in range(1, harmonics) if f * k < 7500)
        return x * np.minimum(1, t / attack) * np.exp(-t / decay) * np.clip((length - np.arange(length)) / 300, 0, 1)

    for b in range(n // beat + 1):
        at = b * beat
        if b % 4 == 0:
            degree = int(rng.integers(0, 7))
        chord = [scale[(degree + k) % 7] + 12 * ((degree + k) // 7) for k in (0, 2, 4)]
        if parts[0] and b % 4 == 0:
            for c in chord:
                x = note(root + 12 + c, min(4 * beat, len(out) - at), 0.05, 3)
                out[at : at + len(x)] += 0.4 * x
        if parts[1]:
            x = note(root - 12 + chord[0], beat, 0.01, 0.5)
            out[at : at + len(x)] += x
        if parts[2]:
            for k in range(4):
                x = note(root + 24 + chord[k % 3], beat // 4, 0.005, 0.2)
                out[at + k * (beat // 4) : at + k * (beat // 4) + len(x)] += 0.35 * x
        if parts[3]:
            length = beat // 2
            t = np.arange(length) / RATE
            hit = np.sin(2 * np.pi * 60 * t * np.exp(-t * 8)) * np.exp(-t * 20) if b % 2 == 0 else rng.standard_normal(length) * np.exp(-t * 25)
            out[at : at + length] += drum_level * hit
            hat = np.diff(rng.standard_normal(length + 1)) * np.exp(-t * 60)
            out[at + length : at + 2 * length] += 0.3 * drum_level * hat
    x = out[:n]
    return (x / rms(x)).astype(np.float32)


def reverb(rng, x):
    seconds = rng.uniform(0.08, 0.7)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    tail = rng.standard_normal(n) * np.exp(-6.9 * t / seconds)
    tail = sig.lfilter([1], [1, -rng.uniform(0, 0.7)], tail)
    tail[: int(0.002 * RATE)] = 0
    for _ in range(rng.integers(2, 7)):  # early reflections
        tail[rng.integers(20, min(n, 600))] += rng.choice([-1, 1]) * rng.uniform(2, 8)
    wet = sig.fftconvolve(x, tail)[: len(x)]
    return (x + wet / rms(wet) * rms(x) * 10 ** (rng.uniform(-18, 0) / 20)).astype(np.float32)


def equalise(rng, x):
    """A smooth curve of up to 12 dB, as microphones, rooms and mixing desks have."""
    places = np.array([0, 100, 250, 500, 1000, 2000, 4000, 8000])
    gains = np.cumsum(rng.normal(0, 3, len(places)))
    gains = np.clip(gains - gains.mean(), -12, 12)
    taps = sig.firwin2(257, places / 8000, 10 ** (gains / 20))
    return sig.fftconvolve(x, taps, "same").astype(np.float32)


def band_limit(rng, x):
    kind = rng.random()
    if kind < 0.4:  # telephone
        sos = sig.butter(4, [rng.uniform(150, 330), rng.uniform(3000, 3700)], "band", fs=RATE, output="sos")
    elif kind < 0.7:
        sos = sig.butter(4, rng.uniform(3400, 7000), "low", fs=RATE, output="sos")
    else:
        sos = sig.butter(2, rng.uniform(80, 350), "high", fs=RATE, output="sos")
    return sig.sosfilt(sos, x).astype(np.float32)


def codec(rng, x):
    """Through a lossy codec at a low rate and back."""
    if rng.random() < 0.3:  # mu-law
        y = np.sign(x) * np.log1p(255 * np.minimum(1, np.abs(x))) / np.log(256)
        y = np.round(y * 127) / 127
        return (np.sign(y) * (256 ** np.abs(y) - 1) / 255).astype(np.float32)
    name, rate, form = [("libmp3lame", 24, "mp3"), ("libmp3lame", 40, "mp3"), ("libopus", 10, "ogg"), ("libopus", 20, "ogg"), ("aac", 24, "adts")][rng.integers(5)]
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    coded = subprocess.run(["ffmpeg", "-v", "error", *raw, "-i", "-", "-c:a", name, "-b:a", f"{rate}k", "-f", form, "-"], input=x.tobytes(), capture_output=True).stdout
    back = subprocess.run(["ffmpeg", "-v", "error", "-f", "aac" if form == "adts" else form, "-i", "-", *raw, "-"], input=coded, capture_output=True).stdout
    y = np.frombuffer(back, np.float32)
    if len(y) < len(x) - 8000 or len(y) == 0:
        return x
    # Codecs add a delay that files do not always say: find it, so that the mouth stays in place.
    span = min(len(x), len(y), 4 * RATE)
    lags = sig.correlate(y[:span], x[:span], "full", "fft")
    lag = int(np.argmax(np.abs(lags))) - (span - 1)
    y = y[lag:] if lag > 0 else np.concatenate([np.zeros(-lag, np.float32), y])
    y = y[: len(x)]
    return np.concatenate([y, np.zeros(len(x) - len(y), np.float32)])


def world(rng, x):
    """Another pitch, another throat, more breath: analysis and synthesis by WORLD. Timing stays."""
    import pyworld

    d = x.astype(np.float64)
    f0, t = pyworld.dio(d, RATE)
    f0 = pyworld.stonemask(d, f0, t, RATE)
    envelope = pyworld.cheaptrick(d, f0, t, RATE)
    aperiodicity = pyworld.d4c(d, f0, t, RATE)
    if rng.random() < 0.25:  # singing: steps of a scale, a vibrato
        steps = np.round(12 * np.log2(np.maximum(f0, 1) / 110) + rng.uniform(-7, 7))
        sung = 110 * 2 ** (steps / 12) * (1 + 0.02 * np.sin(2 * np.pi * 5.5 * t + rng.uniform(0, 6)))
        f0 = np.where(f0 > 0, sung, 0)
    else:
        f0 = f0 * 2 ** rng.uniform(-0.9, 0.9) * np.exp(0.03 * np.cumsum(rng.standard_normal(len(f0))) * 0.2)
    f0 = np.clip(f0, 0, 700)
    ratio = rng.uniform(0.82, 1.22)
    bins = np.arange(envelope.shape[1])
    places = bins / ratio
    # A bend besides: the upper formants move otherwise than the first.
    places = places * (1 + rng.uniform(-0.08, 0.08) * bins / bins[-1])
    low = np.clip(places.astype(int), 0, len(bins) - 2)
    part = np.clip(places - low, 0, 1)
    log = np.log(envelope)
    # Blurring or sharpening along frequency widens or narrows formants.
    warped = log[:, low] * (1 - part) + log[:, low + 1] * part
    if rng.random() < 0.6:
        smooth = sig.fftconvolve(warped, np.hanning(41)[None, :] / np.hanning(41).sum(), "same", axes=1)
        warped = warped + rng.uniform(-0.45, 0.5) * (warped - smooth)
    if rng.random() < 0.5:
        aperiodicity = np.clip(aperiodicity ** rng.uniform(0.3, 1.3), 1e-3, 1)
    y = pyworld.synthesize(f0, np.ascontiguousarray(np.exp(warped)), np.ascontiguousarray(aperiodicity), RATE)
    y = y[: len(x)]
    return np.concatenate([y, np.zeros(len(x) - len(y))]).astype(np.float32)


def degrade(rng, x, heavy_codecs=True):
    """One recording's worth of trouble. Level last."""
    if rng.random() < 0.75:
        x = equalise(rng, x)
    if rng.random() < 0.4:
        x = reverb(rng, x)
    level = rms(x[np.abs(x) > 0.02 * np.abs(x).max()]) if np.abs(x).max() > 0 else 0.1
    if rng.random() < 0.6:
        x = x + noise(rng, len(x)) * level * 10 ** (-rng.uniform(8, 50) / 20)
    if rng.random() < 0.2:
        x = x + music(rng, len(x)) * level * 10 ** (-rng.uniform(2, 25) / 20)
    if rng.random() < 0.25:
        x = band_limit(rng, x)
    if rng.random() < 0.1:  # a compressor or a clipped converter
        peak = np.abs(x).max() + 1e-9
        x = np.tanh(x / peak * rng.uniform(1, 6)) * peak
    if heavy_codecs and rng.random() < 0.12:
        peak = np.abs(x).max() + 1e-9
        x = codec(rng, x / peak * 0.7) * peak / 0.7
    return (x / (np.abs(x).max() + 1e-9) * 10 ** (rng.uniform(-24, -0.5) / 20)).astype(np.float32)
