"""Basic Pitch (which notes are played): a constant-Q transform inside of the graph, strided slices, convolutions."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..sounds import tone

RATE, SAMPLES = 22050, 43844
NAMES = ("A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")


def note(bin_: int) -> str:
    """The name of a piano key: 0 is A0."""
    return f"{NAMES[bin_ % 12]}{(bin_ + 9) // 12}"


def tones(*hertz: float) -> Arrays:
    return {"serving_default_input_2:0": np.stack([tone(f, RATE, SAMPLES) for f in hertz])[..., None]}


def judge(*wanted: str):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        found = [note(i) for i in outputs["StatefulPartitionedCall:1"].mean(1).argmax(1)]
        return Verdict(" ".join(found), " ".join(wanted), found == list(wanted))

    return read


MODELS = (
    Model(
        name="basic_pitch",
        family="sound",
        make=lambda shop: member(shop, "basic_pitch", "icassp_2022/nmp.onnx"),
        cases=(
            Case("a4", lambda _: tones(440), judge("A4")),
            Case("c5_and_e3", lambda _: tones(523.25, 164.81), judge("C5", "E3")),
        ),
        atol=1e-3,  # a logarithm in the graph magnifies rounding: ONNX Runtime differs from itself by 4.8e-4
        packages=("basic_pitch",),
    ),
)
