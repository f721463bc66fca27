"""Writing and reading `.npz` files: arrays by name, or by position where a zip entry cannot hold the name."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .model import Arrays

MAX_NAME_BYTES = 1024


def is_entry_name(name: str) -> bool:
    """The same rule as the compiler's: no control character, no backslash, not empty, not huge."""
    return bool(name) and name.isprintable() and "\\" not in name and len(name.encode()) <= MAX_NAME_BYTES


def save(path: Path, names: Sequence[str], arrays: Arrays) -> None:
    """Arrays in the order of `names`. Equal arrays give equal files; the file appears when it is complete."""
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as z:
        for position, name in enumerate(names):
            entry = zipfile.ZipInfo((name if is_entry_name(name) else str(position)) + ".npy", (1980, 1, 1, 0, 0, 0))
            with z.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.array(arrays[name], order="C"), allow_pickle=False)
    part.rename(path)


def load(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of the values `names`, found by name or by position."""
    with np.load(path, allow_pickle=False) as found:
        return {n: found[n if n in found.files and is_entry_name(n) else str(i)] for i, n in enumerate(names)}
