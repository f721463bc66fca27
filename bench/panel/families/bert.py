"""BERT-base (Devlin et al. 2019) with random weights: 12 layers, width 768, LayerNormalization in nine nodes."""

from __future__ import annotations

import numpy as np

from ..calibrate import check_spread
from ..model import SEED, Arrays, Case, Model, Workshop
from ..transformer import RandomTransformer, attention_mask

VOCABULARY, POSITIONS = 30522, 512
WIDTH, HEADS, LAYERS, HIDDEN = 768, 12, 12, 3072
EPSILON = 1e-12


def embed(g: RandomTransformer) -> str:
    length = g.op("Shape", "input_ids", start=1, end=2)
    table = g.normal("embeddings.position", POSITIONS, WIDTH, deviation=0.5)
    positions = g.op("Slice", table, g.const([0]), length, g.const([0]))
    words = g.op("Gather", g.normal("embeddings.word", VOCABULARY, WIDTH, deviation=1), "input_ids")
    types = g.op("Gather", g.normal("embeddings.type", 2, WIDTH, deviation=0.5), "token_type_ids")
    return g.op("Add", g.op("Add", words, types), positions)


def make(_: Workshop) -> bytes:
    g = RandomTransformer()
    x = g.decomposed_layer_norm(embed(g), "embeddings.norm", WIDTH, EPSILON)
    mask = attention_mask(g, "attention_mask")
    for layer in range(LAYERS):
        name, last = f"encoder.{layer}", layer == LAYERS - 1
        with g.scope(name):
            q, k, v = (g.linear(x, f"{name}.{part}", WIDTH, WIDTH) for part in ("query", "key", "value"))
            h = g.linear(g.attention(q, k, v, HEADS, WIDTH // HEADS, mask), f"{name}.out", WIDTH, WIDTH)
            x = g.decomposed_layer_norm(g.op("Add", h, x), f"{name}.norm1", WIDTH, EPSILON)
            h = g.op("Add", g.feed_forward(x, name, WIDTH, HIDDEN), x)
            named = {"out": "last_hidden_state"} if last else {}
            x = g.decomposed_layer_norm(h, f"{name}.norm2", WIDTH, EPSILON, **named)
    pool(g, x)
    inputs = [(n, "i64", ["batch", "sequence"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
    outputs = [("last_hidden_state", "f32", ["batch", "sequence", WIDTH]), ("pooler_output", "f32", ["batch", WIDTH])]
    return check_spread(g.model(inputs, outputs).SerializeToString(), tokens(16, 9))


def pool(g: RandomTransformer, x: str) -> None:
    first = g.op("Gather", x, g.const(0), axis=1)
    w = g.normal("pooler.weight", WIDTH, WIDTH, deviation=WIDTH**-0.5)
    g.op("Tanh", g.op("Gemm", first, w, g.normal("pooler.bias", WIDTH, deviation=0.1), transB=1), out="pooler_output")


def tokens(*lengths: int) -> Arrays:
    """Random words; what is shorter than the longest is padded and masked."""
    random = np.random.default_rng(SEED)
    ids = random.integers(1000, VOCABULARY, (len(lengths), max(lengths)))
    mask = (np.arange(max(lengths))[None] < np.array(lengths)[:, None]).astype(np.int64)
    return {"input_ids": ids * mask, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


MODELS = (
    Model(
        name="bert_base",
        family="text",
        make=make,
        cases=(Case("128_tokens", lambda _: tokens(128)), Case("two_texts", lambda _: tokens(20, 13))),
        weights="random",
    ),
)
