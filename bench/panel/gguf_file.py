"""GGUF, the file format of llama.cpp: metadata, and tensors of the types F32, Q4_1 and Q8_0 as float32.

Source: the format's own description, docs/gguf.md of ggml, version 3.
"""

from __future__ import annotations

import struct

import numpy as np

_scalars = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_BLOCK = 32
_F32, _Q4_1, _Q8_0 = 0, 3, 8
_block_bytes = {_Q4_1: 20, _Q8_0: 34}


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def scalar(self, kind: str):
        (value,) = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize("<" + kind)
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "replace")

    def value(self, kind: int):
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            return [self.value(element) for _ in range(count)]
        return self.scalar(_scalars[kind])


class Gguf:
    """An opened file: `metadata` by key, tensors by name."""

    def __init__(self, data: bytes) -> None:
        magic, version = struct.unpack_from("<4sI", data)
        if magic != b"GGUF" or version != 3:
            raise ValueError(f"not GGUF version 3: {magic!r} {version}")
        r = _Reader(data, 8)
        tensors, entries = r.scalar("Q"), r.scalar("Q")
        self.metadata = {r.string(): r.value(r.scalar("I")) for _ in range(entries)}
        self._data = data
        self._where: dict[str, tuple[list[int], int, int]] = {}
        for _ in range(tensors):
            name = r.string()
            shape = [r.scalar("Q") for _ in range(r.scalar("I"))][::-1]
            self._where[name] = shape, r.scalar("I"), r.scalar("Q")
        alignment = self.metadata.get("general.alignment", 32)
        self._start = -(-r.at // alignment) * alignment

    def tensor(self, name: str) -> np.ndarray:
        """Values with the rows first."""
        shape, kind, offset = self._where[name]
        begin, count = self._start + offset, int(np.prod(shape))
        if kind == _F32:
            return np.frombuffer(self._data, "<f4", count, begin).reshape(shape)
        size = count // _BLOCK * _block_bytes[kind]
        blocks = np.frombuffer(self._data, np.uint8, size, begin).reshape(-1, _block_bytes[kind])
        return (_q4_1 if kind == _Q4_1 else _q8_0)(blocks).reshape(shape)


def _half(raw: np.ndarray) -> np.ndarray:
    return raw.copy().view("<f2").astype(np.float32)


def _q4_1(blocks: np.ndarray) -> np.ndarray:
    """Scale, minimum, 16 bytes: elements 0 to 15 in the low halves, 16 to 31 in the high ones."""
    values = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], 1)
    return values * _half(blocks[:, :2]) + _half(blocks[:, 2:4])


def _q8_0(blocks: np.ndarray) -> np.ndarray:
    return blocks[:, 2:].copy().view(np.int8) * _half(blocks[:, :2])
