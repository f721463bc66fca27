"""A tiny Llama with random weights and a cache: 4 layers of width 128, 8 heads that share 2 of keys and values."""

from __future__ import annotations

import numpy as np

from ..calibrate import check_spread
from ..llama import Llama, build
from ..model import SEED, Arrays, Case, Model, Workshop

CONFIG = Llama(512, 128, 4, 8, 2, 16, 344, rope_base=10000.0, epsilon=1e-5, grouped=False)


def make(_: Workshop) -> bytes:
    random = np.random.default_rng(SEED)

    def weights(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) == 1:
            return random.uniform(0.5, 1.5, shape).astype(np.float32)
        deviation = 1.0 if name == "embedding" else shape[1] ** -0.5
        return (random.standard_normal(shape) * deviation).astype(np.float32)

    return check_spread(build(CONFIG, weights, tied=False).SerializeToString(), prompt(2, 9))


def ids(batch: int, length: int) -> np.ndarray:
    return np.random.default_rng(SEED).integers(0, CONFIG.vocabulary, (batch, length))


def prompt(batch: int, length: int) -> Arrays:
    return {"input_ids": ids(batch, length), **CONFIG.empty_cache(batch)}


def step(_: Workshop) -> Arrays:
    """One token after 16 others."""
    random = np.random.default_rng(SEED)
    shape = (1, CONFIG.kv_heads, 16, CONFIG.head_size)
    cache = {f"past_{n}": random.standard_normal(shape).astype(np.float32) for n in CONFIG.cache_names()}
    return {"input_ids": ids(1, 1), **cache}


MODELS = (
    Model(
        name="tiny_llama",
        family="text",
        make=make,
        cases=(Case("step", step), Case("prompt", lambda _: prompt(1, 16)), Case("batch", lambda _: prompt(3, 5))),
        weights="random",
    ),
)
