"""EfficientNet-B0 (Tan and Le 2019, table 1) with random weights: squeeze and excitation, SiLU."""

from __future__ import annotations

from ..conv_net import ConvNet, image_cases
from ..graph import silu
from ..model import Model, Workshop

STAGES = (
    # expansion, kernel, stride, channels, repeats
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def make(shop: Workshop) -> bytes:
    g = ConvNet()

    def squeeze_excite(x: str, name: str, channels: int, squeezed: int) -> str:
        y = g.op("GlobalAveragePool", x)
        y = silu(g, g.conv(y, f"{name}.fc1", channels, squeezed))
        return g.op("Mul", g.op("Sigmoid", g.conv(y, f"{name}.fc2", squeezed, channels)), x)

    x, channels = silu(g, g.conv_norm("image", "features.0", 3, 32, 3, 2)), 32
    for stage, (expansion, kernel, stride, wide, repeats) in enumerate(STAGES):
        for block in range(repeats):
            name, step, hidden, y = (
                f"features.{stage + 1}.{block}",
                stride if block == 0 else 1,
                channels * expansion,
                x,
            )
            with g.scope(name):
                if expansion != 1:
                    y = silu(g, g.conv_norm(y, f"{name}.expand", channels, hidden, 1))
                y = silu(g, g.conv_norm(y, f"{name}.depthwise", hidden, hidden, kernel, step, hidden))
                y = squeeze_excite(y, f"{name}.se", hidden, channels // 4)
                y = g.conv_norm(y, f"{name}.project", hidden, wide, 1)
                x = g.op("Add", y, x) if step == 1 and channels == wide else y
            channels = wide
    g.classify(silu(g, g.conv_norm(x, "features.8", channels, 1280, 1)), 1280)
    return g.finish(shop)


MODELS = (Model("efficientnet_b0", "vision", make, image_cases(), ("pictures",), weights="random"),)
