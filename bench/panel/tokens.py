"""Text to tokens and back: WordPiece (BERT) and byte-level BPE (GPT-2's form, also of Whisper and SmolLM2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence


def word_pieces(text: str, vocabulary: Mapping[str, int]) -> list[int]:
    """The lower-cased text without accents, cut greedily into the longest known pieces, between [CLS] and [SEP]."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    pieces = [p for word in re.findall(r"\w+|[^\w\s]", plain) for p in _pieces_of(word, vocabulary)]
    return [vocabulary[p] for p in ["[CLS]", *pieces, "[SEP]"]]


def _pieces_of(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = (e for e in range(len(word), start, -1) if prefix + word[start:e] in vocabulary)
        end = next(ends, None)
        if end is None:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


def _byte_letters() -> dict[int, str]:
    """GPT-2's printable stand-in for every byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


BYTE_LETTERS = _byte_letters()
LETTER_BYTES = {letter: byte for byte, letter in BYTE_LETTERS.items()}


def byte_pairs(text: str, tokens: Sequence[str], merges: Sequence[str]) -> list[int]:
    """Byte-level BPE; special tokens of the form `<|…|>` are kept whole."""
    ids = {t: i for i, t in enumerate(tokens)}
    rank = {tuple(m.split(" ")): i for i, m in enumerate(merges)}
    found = []
    for part in re.split(r"(<\|\w+\|>)", text):
        if part in ids and part.startswith("<|"):
            found.append(ids[part])
            continue
        for word in re.findall(r" ?[^\W\d_]+| ?\d| ?[^\s\w]+|\s+(?!\S)|\s+", part):
            found += [ids[t] for t in _merge([BYTE_LETTERS[b] for b in word.encode()], rank)]
    return found


def _merge(symbols: list[str], rank: Mapping[tuple[str, ...], int]) -> list[str]:
    """Joins the neighbours of the lowest rank until no pair is left."""
    while len(symbols) > 1:
        pairs = [rank.get(p, len(rank)) for p in zip(symbols, symbols[1:], strict=False)]
        best = min(range(len(pairs)), key=pairs.__getitem__)
        if pairs[best] == len(rank):
            break
        symbols[best : best + 2] = [symbols[best] + symbols[best + 1]]
    return symbols


def text_of(ids: Sequence[int], tokens: Sequence[str]) -> str:
    """The text of byte-level tokens; characters that are no stand-ins are dropped."""
    letters = "".join(tokens[i] for i in ids)
    return bytes(LETTER_BYTES[c] for c in letters if c in LETTER_BYTES).decode("utf-8", "replace")
