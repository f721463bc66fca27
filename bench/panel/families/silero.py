"""Silero VAD 5 (is this speech?): 25 nested Ifs, an LSTM, a state that is handed on from chunk to chunk."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop, run_reference
from ..sounds import noise, speech

RATE = 16000
CONTEXT, CHUNK = 64, 512
SENTENCE = "The quick brown fox jumps over the lazy dog."


def chunk(samples: np.ndarray, at: int, state: np.ndarray) -> Arrays:
    """A chunk with the samples before it."""
    return {"input": samples[None, at - CONTEXT : at + CHUNK], "state": state, "sr": np.array(RATE, np.int64)}


def silence(_: Workshop) -> Arrays:
    return chunk(noise(CONTEXT + CHUNK, 1e-3), CONTEXT, np.zeros((2, 1, 128), np.float32))


def spoken(shop: Workshop) -> Arrays:
    """Some way into a sentence: the state is what ONNX Runtime had after the chunks before."""
    samples = speech(SENTENCE, RATE)
    model, state = make(shop), np.zeros((2, 1, 128), np.float32)
    for at in range(CONTEXT, RATE - CHUNK, CHUNK):
        inputs = chunk(samples, at, state)
        state = run_reference(model, inputs)["stateN"]
    return inputs


def judge(is_speech: bool):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        p = float(outputs["output"][0, 0])
        return Verdict(
            f"speech: {p:.2f}", "speech: over 0.5" if is_speech else "speech: under 0.5", (p > 0.5) == is_speech
        )

    return read


def make(shop: Workshop) -> bytes:
    return member(shop, "silero", "dist/silero_vad_v5.onnx")


MODELS = (
    Model(
        name="silero_vad",
        family="sound",
        make=make,
        cases=(Case("speech", spoken, judge(True)), Case("silence", silence, judge(False))),
        packages=("silero",),
    ),
)
