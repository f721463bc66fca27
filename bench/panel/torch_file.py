"""The tensors of a `.pth` file (zip or the older form) without PyTorch, and without running what a pickle may hold."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

_storages = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage that has not been read yet."""

    dtype: str
    key: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def read(self, storages: dict[str, bytes]) -> np.ndarray:
        raw = np.frombuffer(storages[self.key], self.dtype)[self.offset :]
        strides = [s * raw.itemsize for s in self.stride]
        return np.lib.stride_tricks.as_strided(raw, self.size, strides).copy()


class _Unpickler(pickle.Unpickler):
    """Knows the few names that a state dict needs; every other is an error."""

    def find_class(self, module: str, name: str) -> object:
        if name in _storages:
            return _storages[name]
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, stride, *_: _Tensor(*storage, offset, size, stride)
        if name == "_rebuild_parameter":
            return lambda data, *_: data
        if name == "OrderedDict":
            return OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in a state dict")

    def persistent_load(self, pid: tuple) -> tuple[str, str]:
        return pid[1], pid[2]


def load_state_dict(data: bytes) -> dict[str, np.ndarray]:
    """All tensors by name."""
    tensors, storages = _load_zip(data) if data[:2] == b"PK" else _load_legacy(data)
    return {k: t.read(storages) for k, t in tensors.items() if isinstance(t, _Tensor)}


def _load_zip(data: bytes) -> tuple[dict, dict[str, bytes]]:
    z = zipfile.ZipFile(io.BytesIO(data))
    index = next(n for n in z.namelist() if n.endswith("data.pkl"))
    folder = index.removesuffix("data.pkl") + "data/"
    storages = {n.removeprefix(folder): z.read(n) for n in z.namelist() if n.startswith(folder)}
    return _Unpickler(io.BytesIO(z.read(index))).load(), storages


def _load_legacy(data: bytes) -> tuple[dict, dict[str, bytes]]:
    """Three pickles (magic, version, system), the dict, the storages' keys, then the storages in this order."""
    file = io.BytesIO(data)
    for _ in range(3):
        _Unpickler(file).load()
    tensors = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    itemsize = {t.key: np.dtype(t.dtype).itemsize for t in tensors.values() if isinstance(t, _Tensor)}
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(count * itemsize[key])
    return tensors, storages
