"""The Llama decoder as an ONNX graph with a cache: RMS norm, rotary positions, grouped heads, SwiGLU.

Inputs: `input_ids` [N, T] and, for each layer, `past_k_i` and `past_v_i` [N, kv heads, P, head size], where P may be 0.
Outputs: `logits` [N, T, vocabulary] and `present_k_i`, `present_v_i` [N, kv heads, P + T, head size].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto

from .graph import Graph, ValueInfo, merge_heads, silu, split_heads

HIDDEN_SCORE = -1e9


@dataclass(frozen=True)
class Llama:
    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    hidden: int
    rope_base: float
    epsilon: float
    grouped: bool
    """Heads that share keys: by a fifth axis, or (as PyTorch exports it) by repeating the keys with Expand."""

    def cache_names(self) -> list[str]:
        return [f"{kind}_{layer}" for layer in range(self.layers) for kind in ("k", "v")]

    def empty_cache(self, batch: int = 1) -> dict[str, np.ndarray]:
        shape = (batch, self.kv_heads, 0, self.head_size)
        return {f"past_{n}": np.zeros(shape, np.float32) for n in self.cache_names()}


Weights = Callable[[str, tuple[int, ...]], np.ndarray]
"""The weights by name: "embedding" [vocabulary, width], "N.query" [outputs, inputs], "N.attention_norm" …"""


def build(c: Llama, weights: Weights, tied: bool) -> ModelProto:
    """`tied`: the embedding is also the head, transposed in the graph."""
    g = Graph()

    def linear(x: str, name: str, inputs: int, outputs: int) -> str:
        return g.op("MatMul", x, g.weight(f"{name}.T", weights(name, (outputs, inputs)).T))

    def norm(x: str, name: str) -> str:
        mean = g.op("ReduceMean", g.op("Pow", x, g.const(2, np.float32)), axes=[-1])
        deviation = g.op("Sqrt", g.op("Add", mean, g.const(c.epsilon, np.float32)))
        return g.op("Mul", g.op("Div", x, deviation), g.weight(name, weights(name, (c.width,))))

    where = _Positions(g, c)
    embedding = g.weight("embedding", weights("embedding", (c.vocabulary, c.width)))
    x = g.op("Gather", embedding, "input_ids")
    for layer in range(c.layers):
        with g.scope(f"layers.{layer}"):
            h = norm(x, f"{layer}.attention_norm")
            q = split_heads(g, linear(h, f"{layer}.query", c.width, c.heads * c.head_size), c.heads, c.head_size)
            k, v = (
                split_heads(g, linear(h, f"{layer}.{n}", c.width, c.kv_heads * c.head_size), c.kv_heads, c.head_size)
                for n in ("key", "value")
            )
            k = g.op("Concat", f"past_k_{layer}", where.rotate(k), axis=2, out=f"present_k_{layer}")
            v = g.op("Concat", f"past_v_{layer}", v, axis=2, out=f"present_v_{layer}")
            h = _attend(g, c, where.rotate(q), k, v, where.mask)
            x = g.op("Add", x, linear(h, f"{layer}.output", c.heads * c.head_size, c.width))
            h = norm(x, f"{layer}.mlp_norm")
            gate = silu(g, linear(h, f"{layer}.gate", c.width, c.hidden))
            h = g.op("Mul", gate, linear(h, f"{layer}.up", c.width, c.hidden))
            x = g.op("Add", x, linear(h, f"{layer}.down", c.hidden, c.width))
    x = norm(x, "norm")
    if tied:
        g.op("MatMul", x, g.op("Transpose", embedding, perm=[1, 0]), out="logits")
    else:
        head = g.weight("head.T", weights("head", (c.vocabulary, c.width)).T)
        g.op("MatMul", x, head, out="logits")
    return g.model(*_interface(c))


def _interface(c: Llama) -> tuple[list[ValueInfo], list[ValueInfo]]:
    cache = lambda kind, length: [  # noqa: E731
        (f"{kind}_{n}", "f32", ["N", c.kv_heads, length, c.head_size]) for n in c.cache_names()
    ]
    inputs: list[ValueInfo] = [("input_ids", "i64", ["N", "T"]), *cache("past", "P")]
    return inputs, [("logits", "f32", ["N", "T", c.vocabulary]), *cache("present", "L")]


class _Positions:
    """What depends on where the new tokens stand: the rotation, and which keys a token may see."""

    def __init__(self, g: Graph, c: Llama) -> None:
        self._g, self._c = g, c
        past = g.op("Shape", "past_k_0", start=2, end=3)
        total = g.op("Add", past, g.op("Shape", "input_ids", start=1, end=2))
        scalar = lambda x: g.op("Squeeze", x, g.const([0]))  # noqa: E731
        new = g.op("Range", scalar(past), scalar(total), g.const(1))
        every = g.op("Range", g.const(0), scalar(total), g.const(1))
        seen = g.op("LessOrEqual", g.op("Unsqueeze", every, g.const([0])), g.op("Unsqueeze", new, g.const([1])))
        self.mask = g.op("Where", seen, g.const(0, np.float32), g.const(HIDDEN_SCORE, np.float32))
        rates = (1 / c.rope_base ** (np.arange(0, c.head_size, 2) / c.head_size)).astype(np.float32)
        column = g.op("Unsqueeze", g.op("Cast", new, to=TensorProto.FLOAT), g.const([1]))
        half = g.op("Mul", column, g.weight("rope_rates", rates))
        angles = g.op("Concat", half, half, axis=-1)
        self._cos, self._sin = g.op("Cos", angles), g.op("Sin", angles)

    def rotate(self, x: str) -> str:
        """Rotary positions in the form of two halves, over [N, heads, T, size]."""
        g, half = self._g, self._c.head_size // 2
        a, b = g.op("Split", x, g.const([half, half]), axis=-1, outputs=2)
        turned = g.op("Concat", g.op("Neg", b), a, axis=-1)
        return g.op("Add", g.op("Mul", x, self._cos), g.op("Mul", turned, self._sin))


def _attend(g: Graph, c: Llama, q: str, k: str, v: str, mask: str) -> str:
    """Attention of `heads` queries over `kv_heads` keys and values; [N, T, heads·size]."""
    share = c.heads // c.kv_heads
    if c.grouped:
        q = g.op("Reshape", q, g.const([0, c.kv_heads, share, -1, c.head_size]))
        k, v = (g.op("Unsqueeze", x, g.const([2])) for x in (k, v))
    else:
        k, v = (_repeat(g, c, x, share) for x in (k, v))
    axes = [0, 1, 2, 4, 3] if c.grouped else [0, 1, 3, 2]
    scores = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=axes)), g.const(c.head_size**-0.5, np.float32))
    mixed = g.op("MatMul", g.op("Softmax", g.op("Add", scores, mask), axis=-1), v)
    if c.grouped:
        mixed = g.op("Reshape", mixed, g.const([0, c.heads, -1, c.head_size]))
    return merge_heads(g, mixed, c.heads * c.head_size)


def _repeat(g: Graph, c: Llama, x: str, share: int) -> str:
    """[N, kv heads, L, size] to [N, heads, L, size]: each head `share` times, as `repeat_kv` exports."""
    sizes = g.op("Shape", x)
    batch, length = (g.op("Gather", sizes, g.const([axis])) for axis in (0, 2))
    heads, share_, size = (g.const([n]) for n in (c.kv_heads, share, c.head_size))
    wide = g.op("Concat", batch, heads, share_, length, size, axis=0)
    flat = g.op("Concat", batch, g.const([c.heads]), length, size, axis=0)
    return g.op("Reshape", g.op("Expand", g.op("Unsqueeze", x, g.const([2])), wide), flat)
