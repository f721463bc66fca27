"""BlazeFace for near faces (MediaPipe): NHWC input, depthwise convolutions, channels padded by Concat."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import photo

SIDE = 128


def scaled(picture: np.ndarray) -> Arrays:
    return {"input:0": picture[None] / np.float32(127.5) - 1}


def judge(face: bool):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        best = max(float(outputs[n].max()) for n in ("Identity:0", "Identity_1:0"))
        return Verdict(f"best face: {best:.1f}", f"best face: {'over' if face else 'under'} 0", (best > 0) == face)

    return read


MODELS = (
    Model(
        name="blazeface",
        family="vision",
        make=lambda shop: member(shop, "blazeface", "ONNX/face_detection_front_128x128_barracuda.onnx"),
        cases=(
            Case("astronaut", lambda shop: scaled(photo(shop, "astronaut.png", SIDE, SIDE)), judge(True)),
            Case("coffee", lambda shop: scaled(photo(shop, "coffee.png", SIDE, SIDE)), judge(False)),
        ),
        packages=("blazeface", "pictures"),
    ),
)
