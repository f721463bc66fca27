"""openWakeWord's chain of three: spectrogram (STFT as convolution), speech embedding, and the head for "hey Jarvis"."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..sounds import speech

RATE = 16000
WINDOW, STEP = 76, 8
"""Spectrogram frames that one embedding sees, and how far the next one is."""
EMBEDDINGS = 16
"""Embeddings that the head sees."""
PAUSE = RATE // 5
"""Silence after the text, in samples."""
PHRASE, OTHER_PHRASE = "Hey Jarvis.", "Good morning, everybody."


def listen(text: str) -> np.ndarray:
    """2.5 seconds that end shortly after the text was spoken, as 16-bit samples in float32: [1, samples]."""
    samples, spoken = np.zeros(5 * RATE // 2, np.float32), speech(text, RATE, words_per_minute=180)
    end = len(samples) - PAUSE
    samples[end - len(spoken) : end] = spoken
    return np.round(samples * 32767)[None]


def spectrogram(shop: Workshop, text: str) -> np.ndarray:
    """[frames, 32], scaled as the embedding expects it."""
    (frames,) = shop.run("wakeword_mel", {"input": listen(text)}).values()
    return frames[0, 0] / 10 + 2


def windows(shop: Workshop, text: str) -> np.ndarray:
    """[windows, 76, 32, 1]."""
    frames = spectrogram(shop, text)
    starts = range(0, len(frames) - WINDOW + 1, STEP)
    return np.stack([frames[s : s + WINDOW] for s in starts])[..., None].astype(np.float32)


def embeddings(shop: Workshop, text: str) -> Arrays:
    """The last 16 embeddings: [1, 16, 96]."""
    (found,) = shop.run("wakeword_embedding", {"input_1": windows(shop, text)[-EMBEDDINGS:]}).values()
    return {"x.1": found.reshape(1, EMBEDDINGS, 96)}


def judge(heard: bool):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        (p,) = (float(v[0, 0]) for v in outputs.values())
        return Verdict(f"hey Jarvis: {p:.3f}", f"hey Jarvis: {'over' if heard else 'under'} 0.5", (p > 0.5) == heard)

    return read


def part(file: str):
    return lambda shop: member(shop, "wakeword", f"models/{file}.onnx")


MODELS = (
    Model(
        name="wakeword_mel",
        family="sound",
        make=part("melspectrogram"),
        cases=(
            Case("one_second", lambda _: {"input": listen(PHRASE)[:, -RATE:]}),
            Case("longer", lambda _: {"input": listen(OTHER_PHRASE)}),
        ),
        packages=("wakeword",),
    ),
    Model(
        name="wakeword_embedding",
        family="sound",
        make=part("embedding_model"),
        cases=(
            Case("one_window", lambda shop: {"input_1": windows(shop, PHRASE)[-1:]}),
            Case("three_windows", lambda shop: {"input_1": windows(shop, PHRASE)[-3:]}),
        ),
        packages=("wakeword",),
        after=("wakeword_mel",),
    ),
    Model(
        name="wakeword_hey_jarvis",
        family="sound",
        make=part("hey_jarvis_v0.1"),
        cases=(
            Case("phrase", lambda shop: embeddings(shop, PHRASE), judge(True)),
            Case("other_phrase", lambda shop: embeddings(shop, OTHER_PHRASE), judge(False)),
        ),
        packages=("wakeword",),
        after=("wakeword_mel", "wakeword_embedding"),
    ),
)
