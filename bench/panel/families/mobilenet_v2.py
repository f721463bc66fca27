"""MobileNetV2 (Sandler et al. 2018, table 2) with random weights: depthwise convolutions between 1×1 ones, ReLU6."""

from __future__ import annotations

import numpy as np

from ..conv_net import ConvNet, image_cases
from ..model import Model, Workshop

STAGES = (
    # expansion, channels, repeats, stride
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def make(shop: Workshop) -> bytes:
    g = ConvNet()

    def relu6(x: str) -> str:
        return g.op("Clip", x, g.const(0, np.float32), g.const(6, np.float32))

    x, channels, block = relu6(g.conv_norm("image", "features.0", 3, 32, 3, 2)), 32, 1
    for expansion, wide, repeats, stride in STAGES:
        for repeat in range(repeats):
            name, step, hidden, y = f"features.{block}", stride if repeat == 0 else 1, channels * expansion, x
            with g.scope(name):
                if expansion != 1:
                    y = relu6(g.conv_norm(y, f"{name}.expand", channels, hidden, 1))
                y = relu6(g.conv_norm(y, f"{name}.depthwise", hidden, hidden, 3, step, hidden))
                y = g.conv_norm(y, f"{name}.project", hidden, wide, 1)
                x = g.op("Add", x, y) if step == 1 and channels == wide else y
            channels, block = wide, block + 1
    g.classify(relu6(g.conv_norm(x, f"features.{block}", channels, 1280, 1)), 1280)
    return g.finish(shop)


MODELS = (Model("mobilenet_v2", "vision", make, image_cases(), ("pictures",), weights="random"),)
