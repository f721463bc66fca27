"""Random parameters of transformers, and the layers that several of them share."""

from __future__ import annotations

import numpy as np

from .graph import Graph, gelu, merge_heads, split_heads
from .model import SEED


class RandomTransformer(Graph):
    """Random weights whose scale keeps activations near 1, so that attention is neither flat nor a switch."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(SEED)

    def normal(self, name: str, *shape: int, deviation: float) -> str:
        return self.weight(name, (self.random.standard_normal(shape) * deviation).astype(np.float32))

    def scale(self, name: str, size: int) -> str:
        """The gain of a normalisation: near 1."""
        return self.weight(name, self.random.uniform(0.5, 1.5, size).astype(np.float32))

    def linear(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """MatMul and Add, as exporters write a dense layer over [N, T, inputs]."""
        product = self.op("MatMul", x, self.normal(f"{name}.weight", inputs, outputs, deviation=inputs**-0.5))
        return self.op("Add", self.normal(f"{name}.bias", outputs, deviation=0.1), product)

    def layer_norm(self, x: str, name: str, size: int, epsilon: float, **named: str) -> str:
        """One node, as from opset 17."""
        gain, shift = self.scale(f"{name}.weight", size), self.normal(f"{name}.bias", size, deviation=0.1)
        return self.op("LayerNormalization", x, gain, shift, axis=-1, epsilon=epsilon, **named)

    def decomposed_layer_norm(self, x: str, name: str, size: int, epsilon: float, **named: str) -> str:
        """Nine nodes, as before opset 17."""
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        variance = self.op("ReduceMean", self.op("Pow", centred, self.const(2, np.float32)), axes=[-1])
        deviation = self.op("Sqrt", self.op("Add", variance, self.const(epsilon, np.float32)))
        scaled = self.op("Mul", self.op("Div", centred, deviation), self.scale(f"{name}.weight", size))
        return self.op("Add", scaled, self.normal(f"{name}.bias", size, deviation=0.1), **named)

    def feed_forward(self, x: str, name: str, width: int, hidden: int) -> str:
        return self.linear(gelu(self, self.linear(x, f"{name}.up", width, hidden)), f"{name}.down", hidden, width)

    def attention(self, q: str, k: str, v: str, heads: int, size: int, mask: str | None = None) -> str:
        """softmax(q·kᵀ / √size + mask)·v over [N, T, heads·size]."""
        keys = split_heads(self, k, heads, size, (0, 2, 3, 1))
        scores = self.op("MatMul", split_heads(self, q, heads, size), keys)
        scores = self.op("Div", scores, self.const(size**0.5, np.float32))
        if mask is not None:
            scores = self.op("Add", scores, mask)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), split_heads(self, v, heads, size))
        return merge_heads(self, mixed, heads * size)


def attention_mask(g: Graph, mask: str) -> str:
    """A mask of 0 and 1 [N, T] as what is added to scores [N, 1, 1, T]."""
    wide = g.op("Cast", g.op("Unsqueeze", mask, g.const([1, 2])), to=1)
    return g.op("Mul", g.op("Sub", g.const(1, np.float32), wide), g.const(-10000, np.float32))
