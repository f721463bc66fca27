"""The variables of a CTranslate2 `model.bin`, by name.

u32 version, name, u32 revision, u32 count; each variable: name, u8 rank, u32 extents, u8 type, u32 bytes, data; then
u32 count of aliases, pairs of names. Names are u16 length and bytes that end in NUL.
"""

from __future__ import annotations

import io
import struct

import numpy as np

_types = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def load_variables(data: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(data)

    def number(kind: str) -> int:
        (value,) = struct.unpack("<" + kind, file.read(struct.calcsize("<" + kind)))
        return value

    def name() -> str:
        return file.read(number("H"))[:-1].decode()

    number("I"), name(), number("I")
    variables = {}
    for _ in range(number("I")):
        key = name()
        shape = [number("I") for _ in range(number("B"))]
        kind = _types[number("B")]
        variables[key] = np.frombuffer(file.read(number("I")), kind).reshape(shape)
    for _ in range(number("I")):
        alias = name()
        variables[alias] = variables[name()]
    return variables
