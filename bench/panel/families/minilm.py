"""all-MiniLM-L6-v2 (sentence embeddings) from its trained weights: BERT with 6 layers of width 384."""

from __future__ import annotations

import json
import struct

import numpy as np

from ..archive import member
from ..graph import Graph, gelu, merge_heads, split_heads
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..tokens import word_pieces
from ..transformer import attention_mask

WIDTH, HEADS, LAYERS = 384, 12, 6
EPSILON = 1e-12
SENTENCES = (
    "A man is playing the guitar on stage.",
    "Someone performs music on a string instrument.",
    "The compiler emits Rust code.",
)
PARAGRAPH = (
    "Open Neural Network Exchange is an open format for machine learning models. A model is a graph of operators with "
    "their weights, and it can be made by one tool and run by another. Most programs that run it are large libraries, "
    "which read the graph when they start and choose their kernels then. A compiler does this work ahead of time: it "
    "knows every shape, folds what is constant, fuses what belongs together, plans the memory, and writes a program "
    "that does nothing but compute. What is left is small, it starts at once, and a person can read it from the first "
    "line to the last and see where every number comes from. That is worth some effort, we think, and many tests."
)


def load_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """All tensors by name."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], kinds[info["dtype"]]).reshape(info["shape"])
    return tensors


def make(shop: Workshop) -> bytes:
    p = load_safetensors(member(shop, "minilm", "model.zip!model.safetensors"))
    g = Graph()

    def weight(name: str) -> str:
        return g.weight(name, p[name])

    def linear(x: str, name: str) -> str:
        w = g.weight(f"{name}.weight.T", p[f"{name}.weight"].T)
        return g.op("Add", g.op("MatMul", x, w), weight(f"{name}.bias"))

    def norm(x: str, name: str, **named: str) -> str:
        return g.op("LayerNormalization", x, weight(f"{name}.weight"), weight(f"{name}.bias"), epsilon=EPSILON, **named)

    def embed(kind: str, ids: str) -> str:
        return g.op("Gather", weight(f"embeddings.{kind}_embeddings.weight"), ids)

    length = g.op("Shape", "input_ids", start=1, end=2)
    positions = g.op("Slice", weight("embeddings.position_embeddings.weight"), g.const([0]), length, g.const([0]))
    x = g.op("Add", embed("word", "input_ids"), embed("token_type", "token_type_ids"))
    x = norm(g.op("Add", x, positions), "embeddings.LayerNorm")
    mask = attention_mask(g, "attention_mask")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        own = f"{name}.attention.self"
        with g.scope(name):
            q = split_heads(g, linear(x, f"{own}.query"), HEADS, WIDTH // HEADS)
            k = split_heads(g, linear(x, f"{own}.key"), HEADS, WIDTH // HEADS, (0, 2, 3, 1))
            v = split_heads(g, linear(x, f"{own}.value"), HEADS, WIDTH // HEADS)
            scores = g.op("Div", g.op("MatMul", q, k), g.const((WIDTH // HEADS) ** 0.5, np.float32))
            weights = g.op("Softmax", g.op("Add", scores, mask), axis=-1)
            h = linear(merge_heads(g, g.op("MatMul", weights, v), WIDTH), f"{name}.attention.output.dense")
            x = norm(g.op("Add", h, x), f"{name}.attention.output.LayerNorm")
            h = linear(gelu(g, linear(x, f"{name}.intermediate.dense")), f"{name}.output.dense")
            named = {"out": "last_hidden_state"} if layer == LAYERS - 1 else {}
            x = norm(g.op("Add", h, x), f"{name}.output.LayerNorm", **named)
    inputs = [(n, "i64", ["batch", "sequence"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
    return g.model(inputs, [("last_hidden_state", "f32", ["batch", "sequence", WIDTH])]).SerializeToString()


def tokens(shop: Workshop, texts: tuple[str, ...], longest: int | None = None) -> Arrays:
    """Token ids, padded to the longest text or cut to `longest` tokens, and the mask."""
    vocabulary = json.loads(member(shop, "minilm", "model.zip!tokenizer.json"))["model"]["vocab"]
    rows = [word_pieces(t, vocabulary)[:longest] for t in texts]
    width = max(map(len, rows))
    ids, mask = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width), np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def judge(_: Workshop, inputs: Arrays, outputs: Arrays) -> Verdict:
    """The cosine between the sentences' means."""
    mask = inputs["attention_mask"][..., None]
    means = (outputs["last_hidden_state"] * mask).sum(1) / mask.sum(1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    near, far = float(means[0] @ means[1]), float(max(means[0] @ means[2], means[1] @ means[2]))
    wanted = "related: over 0.5, unrelated: under 0.2"
    return Verdict(f"related: {near:.2f}, unrelated: {far:.2f}", wanted, near > 0.5 and far < 0.2)


MODELS = (
    Model(
        name="minilm",
        family="text",
        make=make,
        cases=(
            Case("128_tokens", lambda shop: tokens(shop, (PARAGRAPH,), 128)),
            Case("three_sentences", lambda shop: tokens(shop, SENTENCES), judge),
        ),
        packages=("minilm",),
    ),
)
