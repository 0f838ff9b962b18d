"""How near a clone is to its reference, measured with Praat: median f0 and the medians of the first four formants.

    pip install praat-parselmouth numpy
    python tools/clone-check/measure.py reference.wav clone.wav …

Formants depend on what is said: let the clone say what the reference says (for `test/cloning/references/
arctic-slt-a0009.wav`: "He turned sharply, and faced Gregson across the table.").
"""

import sys

import numpy as np
import parselmouth

FORMANTS = 4


def measure(path: str) -> np.ndarray:
    """Median f0 and formants of the voiced frames, Hz."""
    sound = parselmouth.Sound(path)
    if sound.n_channels > 1:
        sound = sound.convert_to_mono()
    wide = sound.to_pitch_ac(time_step=0.01, pitch_floor=60, pitch_ceiling=600).selected_array["frequency"]
    low, high = np.percentile(wide[wide > 0], [25, 75])
    # The second pass, with bounds from the first, makes no octave errors (Hirst's way).
    pitch = sound.to_pitch_ac(time_step=0.01, pitch_floor=max(50, 0.75 * low), pitch_ceiling=2 * high)
    f0 = pitch.selected_array["frequency"]
    median = np.median(f0[f0 > 0])
    ceiling = 5500 if median > 165 else 5000
    tracks = sound.to_formant_burg(time_step=0.01, max_number_of_formants=5, maximum_formant=ceiling)
    times = [time for time, hz in zip(pitch.xs(), f0) if hz > 0]
    formants = [
        np.nanmedian([tracks.get_value_at_time(number + 1, time) for time in times]) for number in range(FORMANTS)
    ]
    return np.array([median, *formants])


def main() -> None:
    reference = measure(sys.argv[1])
    print("reference", " ".join(f"{hz:8.1f}" for hz in reference))
    for path in sys.argv[2:]:
        clone = measure(path)
        print(path)
        print("   Hz    ", " ".join(f"{hz:8.1f}" for hz in clone))
        print("   change", " ".join(f"{100 * change:7.1f}%" for change in clone / reference - 1))


main()
