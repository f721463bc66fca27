"""M-LSD tiny (straight lines): MobileNetV2 U-Net, Resize, peak picking in the graph."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import photo, text_picture

SIDE = 320


def with_alpha(picture: np.ndarray) -> Arrays:
    return {"input_image_with_alpha:0": np.concatenate([picture, np.ones((SIDE, SIDE, 1), np.float32)], 2)[None]}


def judge(lines: bool):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        count = int((outputs["scores"] > 0.2).sum())
        return Verdict(
            f"{count} lines", "at least 5 lines" if lines else "no line", count >= 5 if lines else count == 0
        )

    return read


MODELS = (
    Model(
        name="mlsd_tiny",
        family="vision",
        make=lambda shop: member(shop, "mlsd", "ONNX/mlsd_320x320_tiny.onnx"),
        cases=(
            Case("motorcycle", lambda shop: with_alpha(photo(shop, "motorcycle_left.png", SIDE, SIDE)), judge(True)),
            Case("blank", lambda _: with_alpha(text_picture("", SIDE, SIDE, 10)), judge(False)),
        ),
        atol=2e-4,  # offsets are unbounded where there is no line: ONNX Runtime differs from itself by 1.0e-4
        packages=("mlsd", "pictures"),
    ),
)
