"""ResNet-18 (He et al. 2016) with random weights: 3×3 convolutions, residuals."""

from __future__ import annotations

from ..conv_net import ConvNet, image_cases
from ..model import Model, Workshop


def make_resnet18(shop: Workshop) -> bytes:
    g = ConvNet()
    x = g.op("Relu", g.conv_norm("image", "conv1", 3, 64, 7, 2))
    x, channels = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), 64
    for stage, wide in enumerate((64, 128, 256, 512)):
        for block in range(2):
            name, stride = f"layer{stage + 1}.{block}", 2 if stage and block == 0 else 1
            with g.scope(name):
                y = g.op("Relu", g.conv_norm(x, f"{name}.conv1", channels, wide, 3, stride))
                y = g.conv_norm(y, f"{name}.conv2", wide, wide, 3)
                if stride != 1:
                    x = g.conv_norm(x, f"{name}.downsample", channels, wide, 1, stride)
                x, channels = g.op("Relu", g.op("Add", y, x)), wide
    g.classify(x, channels)
    return g.finish(shop)


MODELS = (Model("resnet18", "vision", make_resnet18, image_cases(), ("pictures",), weights="random"),)
