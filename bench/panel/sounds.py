"""Tones, and sentences spoken by eSpeak NG (from its wheel), as float32 samples in -1 to 1."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from functools import cache

import numpy as np

from .model import SEED

ESPEAK_RATE = 22050


def tone(hertz: float, rate: int, samples: int) -> np.ndarray:
    """A note with four harmonics and a soft start."""
    t = np.arange(samples) / rate
    harmonics = sum(np.sin(2 * np.pi * hertz * k * t) / k**1.5 for k in (1, 2, 3, 4))
    return (0.3 * harmonics * np.minimum(1, 50 * t)).astype(np.float32)


@cache
def speech(text: str, rate: int = 16000, words_per_minute: int = 140, voice: str = "en-us") -> np.ndarray:
    """The spoken text, the same on every run.

    eSpeak NG speaks in a process of its own: it keeps some state from one text to the next.
    """
    command = [sys.executable, "-m", __name__, text, str(words_per_minute), voice]
    samples = np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, "<i2")
    return resample(samples.astype(np.float32) / 32768, ESPEAK_RATE, rate)


def _espeak(text: str, words_per_minute: int, voice: str) -> np.ndarray:
    """16-bit samples at ESPEAK_RATE."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    retrieval, characters_utf8, parameter_rate = 1, 1, 1
    rate = library.espeak_Initialize(retrieval, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != ESPEAK_RATE:
        raise RuntimeError(f"eSpeak NG did not start, or has another rate: {rate}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))  # else the noise in its voice is seeded with the time
    chunks: list[np.ndarray] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def receive(samples, count, _events):  # the types are in the decorator
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    library.espeak_SetSynthCallback(receive)
    encoded = text.encode()
    failed = (
        library.espeak_SetVoiceByName(voice.encode())
        or library.espeak_SetParameter(parameter_rate, words_per_minute, 0)
        or library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, characters_utf8, None, None)
        or library.espeak_Synchronize()
    )
    if failed or not chunks:
        raise RuntimeError("eSpeak NG said nothing")
    return np.concatenate(chunks)


def resample(samples: np.ndarray, old_rate: int, new_rate: int) -> np.ndarray:
    """Band-limited resampling of the whole signal in the frequency domain."""
    count = round(len(samples) * new_rate / old_rate)
    spectrum = np.fft.rfft(samples.astype(np.float64))
    kept = np.zeros(count // 2 + 1, complex)
    both = min(len(kept), len(spectrum))
    kept[:both] = spectrum[:both]
    return (np.fft.irfft(kept, count) * count / len(samples)).astype(np.float32)


def noise(samples: int, deviation: float) -> np.ndarray:
    return (np.random.default_rng(SEED).standard_normal(samples) * deviation).astype(np.float32)


if __name__ == "__main__":
    sys.stdout.buffer.write(_espeak(sys.argv[1], int(sys.argv[2]), sys.argv[3]).astype("<i2").tobytes())
