"""A multilayer perceptron 784-256-128-10 with random weights: what is left of a run when there is little to compute."""

from __future__ import annotations

import numpy as np

from ..graph import Graph
from ..model import SEED, Case, Model, Workshop
from ..pictures import digit_picture


def make(_: Workshop) -> bytes:
    random = np.random.default_rng(SEED)
    g, x = Graph(), "x"
    sizes = (784, 256, 128, 10)
    for i, (k, n) in enumerate(zip(sizes, sizes[1:], strict=False)):
        w = g.weight(f"fc{i}.weight", (random.standard_normal((n, k)) * (2 / k) ** 0.5).astype(np.float32))
        b = g.weight(f"fc{i}.bias", (random.standard_normal(n) * 0.1).astype(np.float32))
        x = g.op("Gemm", x, w, b, transB=1)
        if i < 2:
            x = g.op("Relu", x)
    g.op("Softmax", x, axis=1, out="probabilities")
    return g.model([("x", "f32", ["N", 784])], [("probabilities", "f32", ["N", 10])]).SerializeToString()


def digits(*which: int):
    return lambda _: {"x": np.stack([digit_picture(d).reshape(784) / 255 for d in which])}


MODELS = (Model("mlp", "vision", make, (Case("one", digits(3)), Case("batch", digits(1, 4, 8))), weights="random"),)
