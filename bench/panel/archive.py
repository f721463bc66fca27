"""Files inside packages: wheels and other zips, and tar archives; nothing is unpacked to disk."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import IO

from .model import Workshop


def member(shop: Workshop, package: str, path: str) -> bytes:
    """The one file of the package whose path ends in `path`; `outer.zip!inner` goes into an archive inside."""
    outer, _, inner = path.partition("!")
    with open(shop.archive(package), "rb") as file:
        (found,) = _read(file, [outer])
    return _read(io.BytesIO(found), [inner])[0] if inner else found


def members(shop: Workshop, package: str, paths: list[str]) -> list[bytes]:
    """Several files in one go, in the order of `paths`."""
    with open(shop.archive(package), "rb") as file:
        return _read(file, paths)


def _read(archive: IO[bytes], paths: list[str]) -> list[bytes]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as z:
            return [z.read(_only(z.namelist(), path)) for path in paths]
    archive.seek(0)
    with tarfile.open(fileobj=archive) as t:
        entries = {m.name: m for m in t.getmembers()}
        wanted = [entries[_only(list(entries), path)] for path in paths]
        in_file_order = sorted(wanted, key=lambda m: m.offset)  # a compressed archive cannot go back
        read = {m.name: t.extractfile(m).read() for m in in_file_order}  # type: ignore[union-attr]
        return [read[m.name] for m in wanted]


def _matches(name: str, path: str) -> bool:
    return name == path or name.endswith("/" + path) or (path.startswith(".") and name.endswith(path))


def _only(names: list[str], path: str) -> str:
    found = [n for n in names if _matches(n, path)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} files in the archive end in {path}")
    return found[0]
