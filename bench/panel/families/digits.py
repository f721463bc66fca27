"""A CNN trained on MNIST: three 3×3 convolutions and two dense layers, 0.39 M parameters."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..graph import Graph
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import digit_picture
from ..torch_file import load_state_dict


def make(shop: Workshop) -> bytes:
    p = load_state_dict(member(shop, "digits", "handwriting_model.pth"))
    g, x = Graph(), "image"

    def dense(x: str, name: str, **named: str) -> str:
        return g.op("Gemm", x, g.weight(f"{name}.weight", p[f"{name}.weight"]), bias(name), transB=1, **named)

    def bias(name: str) -> str:
        return g.weight(f"{name}.bias", p[f"{name}.bias"])

    for i in (0, 3, 6):
        name = f"conv_layers.{i}"
        w = g.weight(f"{name}.weight", p[f"{name}.weight"])
        x = g.op("Relu", g.op("Conv", x, w, bias(name), kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Relu", dense(g.op("Flatten", x), "fc_layers.0"))
    dense(x, "fc_layers.2", out="logits")
    return g.model([("image", "f32", ["N", 1, 28, 28])], [("logits", "f32", ["N", 10])]).SerializeToString()


def pictures(digits: list[int]) -> Arrays:
    pixels = np.stack([digit_picture(d)[None] for d in digits])
    return {"image": (pixels / 255 - np.float32(0.1307)) / np.float32(0.3081)}


def judge(digits: list[int]):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        found = outputs["logits"].argmax(1).tolist()
        return Verdict(says=" ".join(map(str, found)), wanted=" ".join(map(str, digits)), right=found == digits)

    return read


def case(name: str, digits: list[int]) -> Case:
    return Case(name, lambda _: pictures(digits), judge(digits))


MODELS = (
    Model(
        name="digits",
        family="vision",
        make=make,
        cases=(case("seven", [7]), case("all_ten", list(range(10)))),
        packages=("digits",),
    ),
)
