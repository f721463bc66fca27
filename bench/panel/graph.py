"""Writing ONNX graphs by hand, with the value and node names that PyTorch's exporter would give."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

ValueInfo = tuple[str, str, Sequence[int | str]]
"""Name, element type ("f32", "i64") and extents; a string is a symbolic one."""
_types = {"f32": TensorProto.FLOAT, "i64": TensorProto.INT64}


class Graph:
    """A graph under construction. Methods return the names of the values that they make."""

    def __init__(self) -> None:
        self._nodes: list = []
        self._weights: dict[str, np.ndarray] = {}
        self._scope: list[str] = []
        self._used: dict[str, int] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Nodes made inside are called `/…/name/Op`."""
        self._scope.append(name)
        yield
        self._scope.pop()

    def weight(self, name: str, values: np.ndarray) -> str:
        """A parameter; one name stands for one array."""
        known = self._weights.setdefault(name, np.asarray(values, order="C"))
        if known.shape != values.shape:
            raise ValueError(f"two weights are called {name}")
        return name

    def const(self, value: object, dtype: type = np.int64) -> str:
        """A small constant, shared by all that use it."""
        array = np.array(value, dtype)
        digest = hashlib.sha256(array.tobytes() + str(array.shape).encode()).hexdigest()[:8]
        return self.weight(f"const_{array.dtype}_{digest}", array)

    def op(self, kind: str, *inputs: str, out: str | Sequence[str] | None = None, outputs: int = 1, **attributes):
        """A node; returns the name of its output, or of its outputs."""
        base = "".join(f"/{part}" for part in self._scope) + f"/{kind}"
        count = self._used.get(base, 0)
        self._used[base] = count + 1
        name = base if count == 0 else f"{base}_{count}"
        named = [out] if isinstance(out, str) else out or [f"{name}_output_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), list(named), name=name, **attributes))
        return named[0] if len(named) == 1 else named

    def model(self, inputs: Sequence[ValueInfo], outputs: Sequence[ValueInfo], opset: int = 17):
        """The finished and checked model."""
        info = lambda v: helper.make_tensor_value_info(v[0], _types[v[1]], v[2])  # noqa: E731
        graph = helper.make_graph(
            self._nodes,
            "main_graph",
            [info(v) for v in inputs],
            [info(v) for v in outputs],
            [numpy_helper.from_array(a, n) for n, a in self._weights.items()],
        )
        imports = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8, producer_name="onnxidize-panel")
        checker.check_model(model)
        return model


def gelu(g: Graph, x: str) -> str:
    """The exact form, by erf, in the five nodes that PyTorch's exporter writes."""
    erf = g.op("Erf", g.op("Div", x, g.const(2**0.5, np.float32)))
    return g.op("Mul", g.op("Mul", x, g.op("Add", erf, g.const(1, np.float32))), g.const(0.5, np.float32))


def silu(g: Graph, x: str) -> str:
    return g.op("Mul", x, g.op("Sigmoid", x))


def split_heads(g: Graph, x: str, heads: int, size: int, perm: Sequence[int] = (0, 2, 1, 3)) -> str:
    """[N, T, heads·size] to [N, heads, T, size], or to another order of these."""
    return g.op("Transpose", g.op("Reshape", x, g.const([0, 0, heads, size])), perm=list(perm))


def merge_heads(g: Graph, x: str, width: int) -> str:
    """[N, heads, T, size] to [N, T, width]."""
    return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1, 3]), g.const([0, 0, width]))
