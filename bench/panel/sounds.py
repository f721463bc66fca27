"""Tones, and sentences spoken by eSpeak NG (from its wheel), as float32 samples in -1 to 1."""

from __future__ import annotations

import ctypes

import numpy as np

from .model import SEED

ESPEAK_RATE = 22050


def tone(hertz: float, rate: int, samples: int) -> np.ndarray:
    """A note with four harmonics and a soft start."""
    t = np.arange(samples) / rate
    harmonics = sum(np.sin(2 * np.pi * hertz * k * t) / k**1.5 for k in (1, 2, 3, 4))
    return (0.3 * harmonics * np.minimum(1, 50 * t)).astype(np.float32)


def speech(text: str, rate: int = 16000, words_per_minute: int = 140, voice: str = "en-us") -> np.ndarray:
    """The spoken text. The same on every run and platform, up to the last digits."""
    return resample(_espeak(text, words_per_minute, voice), ESPEAK_RATE, rate)


def _espeak(text: str, words_per_minute: int, voice: str) -> np.ndarray:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    retrieval, characters_utf8, parameter_rate = 1, 1, 1
    rate = library.espeak_Initialize(retrieval, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != ESPEAK_RATE:
        raise RuntimeError(f"eSpeak NG did not start, or has another rate: {rate}")
    chunks: list[np.ndarray] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def receive(samples, count, _events):  # noqa: ANN001, ANN202 - the types are in the decorator
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
    library.espeak_Terminate()
    if failed or not chunks:
        raise RuntimeError("eSpeak NG said nothing")
    return np.concatenate(chunks).astype(np.float32) / 32768


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
