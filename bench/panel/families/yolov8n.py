"""YOLOv8n (a detector of body parts): any size, anchors made in the graph, an extent whose name is a formula."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import chw, photo

FACE = 1
"""The class of a woman's face."""


def picture(shop: Workshop, width: int, height: int) -> Arrays:
    return {"images": chw(photo(shop, "astronaut.png", width, height) / 255)}


def judge(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
    """The best anchor: its class and score. The face is right of the middle and in the upper half of the picture."""
    best = outputs["output0"][0, 4:]
    kind, anchor = np.unravel_index(best.argmax(), best.shape)
    score = float(best[kind, anchor])
    return Verdict(f"class {kind}, {score:.2f}", f"class {FACE}, over 0.5", int(kind) == FACE and score > 0.5)


MODELS = (
    Model(
        name="yolov8n",
        family="vision",
        make=lambda shop: member(shop, "yolov8n", "nudenet/320n.onnx"),
        cases=(
            Case("square", lambda shop: picture(shop, 320, 320), judge),
            Case("oblong", lambda shop: picture(shop, 352, 256), judge),
        ),
        packages=("yolov8n", "pictures"),
    ),
)
