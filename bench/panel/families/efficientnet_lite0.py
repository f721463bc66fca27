"""EfficientNet-Lite0 with its ImageNet weights, BatchNormalization left as a training exporter leaves it."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..graph import Graph
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import CAT_HEAD, Box, chw, photo
from ..torch_file import load_state_dict

EPSILON = 1e-3
STAGES = (
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
CATS = range(281, 288)
"""ImageNet's classes of cats."""
MUGS = (504, 967, 968)
"""Coffee mug, espresso, cup."""


def make(shop: Workshop) -> bytes:
    p = load_state_dict(member(shop, "efficientnet_lite0", ".pth"))
    g = Graph()

    def conv(x: str, name: str, norm: str, kernel: int, stride: int, size: int, groups: int = 1) -> str:
        """TensorFlow's "SAME" padding: where the padding is odd, the surplus pixel goes to the end."""
        pad = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads = [pad // 2, pad // 2, pad - pad // 2, pad - pad // 2]
        w = g.weight(f"{name}.weight", p[f"{name}.weight"])
        sizes = {"kernel_shape": [kernel, kernel], "strides": [stride, stride], "pads": pads, "group": groups}
        x = g.op("Conv", x, w, **sizes)
        names = (f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var"))
        return g.op("BatchNormalization", x, *(g.weight(n, p[n]) for n in names), epsilon=EPSILON)

    def relu6(x: str) -> str:
        return g.op("Clip", x, g.const(0, np.float32), g.const(6, np.float32))

    x, size, block, channels = relu6(conv("image", "_conv_stem", "_bn0", 3, 2, 224)), 112, 0, 32
    for repeats, kernel, stride, expansion, wide in STAGES:
        for repeat in range(repeats):
            name, step, y = f"_blocks.{block}.", stride if repeat == 0 else 1, x
            with g.scope(f"_blocks.{block}"):
                if expansion != 1:
                    y = relu6(conv(y, name + "_expand_conv", name + "_bn0", 1, 1, size))
                y = conv(y, name + "_depthwise_conv", name + "_bn1", kernel, step, size, channels * expansion)
                size = -(-size // step)
                y = conv(relu6(y), name + "_project_conv", name + "_bn2", 1, 1, size)
                x = g.op("Add", y, x) if step == 1 and channels == wide else y
            channels, block = wide, block + 1
    x = relu6(conv(x, "_conv_head", "_bn1", 1, 1, size))
    x = g.op("Flatten", g.op("GlobalAveragePool", x))
    x = g.op("Gemm", x, g.weight("_fc.weight", p["_fc.weight"]), g.weight("_fc.bias", p["_fc.bias"]), transB=1)
    g.op("Softmax", x, axis=1, out="probabilities")
    outputs = [("probabilities", "f32", ["N", 1000])]
    return g.model([("image", "f32", ["N", 3, 224, 224])], outputs).SerializeToString()


def picture(shop: Workshop, name: str, box: Box | None = None) -> np.ndarray:
    return chw((photo(shop, name, 224, 224, box) - 127) / 128)


def cat(shop: Workshop) -> Arrays:
    return {"image": picture(shop, "chelsea.png", CAT_HEAD)}


def cat_and_mug(shop: Workshop) -> Arrays:
    return {"image": np.concatenate([picture(shop, "chelsea.png", CAT_HEAD), picture(shop, "coffee.png")])}


def judge(*wanted: tuple[str, object]):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        best = outputs["probabilities"].argmax(1).tolist()
        right = [i in classes for i, (_, classes) in zip(best, wanted, strict=True)]  # type: ignore[operator]
        names = [n if r else f"class {i}" for i, r, (n, _) in zip(best, right, wanted, strict=True)]
        return Verdict(", ".join(names), ", ".join(n for n, _ in wanted), all(right))

    return read


MODELS = (
    Model(
        name="efficientnet_lite0",
        family="vision",
        make=make,
        cases=(
            Case("cat", cat, judge(("cat", CATS))),
            Case("cat_and_mug", cat_and_mug, judge(("cat", CATS), ("mug", MUGS))),
        ),
        packages=("efficientnet_lite0", "pictures"),
    ),
)
