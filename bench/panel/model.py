"""What an entry of the panel is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Arrays = Mapping[str, np.ndarray]

SEED = 20261122
T = TypeVar("T")


@dataclass(frozen=True)
class Verdict:
    """What the outputs say in words, what they should say, and whether that is the same."""

    says: str
    wanted: str
    right: bool


@dataclass(frozen=True)
class Case:
    """One set of inputs of a model."""

    name: str
    inputs: Callable[[Workshop], Arrays]
    judge: Callable[[Workshop, Arrays, Arrays], Verdict] | None = None
    """Reads (inputs, outputs). None: there is nothing in the outputs that a person could judge."""


@dataclass(frozen=True)
class Model:
    """An entry of the panel. The first case has batch size 1 and a usual size: it is the one to be timed."""

    name: str
    family: str
    """vision, sound, text, light (ONNX's own with splat weights) or twin (the same graphs with random weights)."""
    make: Callable[[Workshop], bytes]
    cases: tuple[Case, ...]
    packages: tuple[str, ...] = ()
    """The packages that the model and its inputs come from, by their short names."""
    after: tuple[str, ...] = ()
    """Models of the panel that this one's inputs are made with."""
    weights: str = "trained"
    """trained, random, or splat."""
    rtol: float = 1e-3
    atol: float = 1e-5
    """Tolerance: |result - expected| <= atol * max|expected| + rtol * |expected|.

    An `atol` above the usual one says why beside it; the measure is how far ONNX Runtime's optimised result lies from
    its unoptimised one (`noise` in about.json)."""


class Workshop:
    """What recipes may use: the archives of packages, and models of the panel that were laid out before."""

    def __init__(self, packages: Mapping[str, str], path_of: Callable[[str], str]) -> None:
        self._packages = packages
        self._path_of = path_of
        self._memory: dict[str, object] = {}

    def archive(self, package: str) -> str:
        """The path of the package's archive."""
        return self._packages[package]

    def once(self, key: str, make: Callable[[], T]) -> T:
        """The result of `make`, computed once per key."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]  # type: ignore[return-value]

    def run(self, model: str, inputs: Arrays) -> dict[str, np.ndarray]:
        """The outputs of another model of the panel, one that is named in `after`."""
        return run_reference(self._path_of(model), inputs)


def session(model: str | bytes, optimize: bool = False):
    """ONNX Runtime with one thread; its graph optimisations are off unless asked for."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_reference(model: str | bytes, inputs: Arrays, optimize: bool = False) -> dict[str, np.ndarray]:
    """All outputs by name."""
    s = session(model, optimize)
    return dict(zip([o.name for o in s.get_outputs()], s.run(None, dict(inputs)), strict=True))
