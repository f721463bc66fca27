"""PaddleOCR 4: find text (any size), read a line (any width), and tell whether a line is upside down."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import PAGE, chw, imagenet, text_picture

LINE, LONGER_LINE = "Hello ONNX 2026", "Compiled ahead of time to Rust"
LINE_HEIGHT = 48


def part(file: str):
    return lambda shop: member(shop, "ocr", f"assets/{file}_infer.onnx")


def page(width: int, height: int, size: int) -> np.ndarray:
    return text_picture(PAGE, width, height, size, at=(20, 40))


def judge_page(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
    """The rows of the picture in which text was found form as many bands as the page has lines."""
    (p,) = outputs.values()
    rows = (p[0, 0] > 0.3).any(1)
    bands = int((rows[1:] & ~rows[:-1]).sum())
    lines = PAGE.count("\n") + 1
    return Verdict(f"{bands} lines", f"{lines} lines", bands == lines)


def line(text: str, width: int, upside_down: bool = False) -> Arrays:
    """BGR, -1 to 1."""
    picture = text_picture(text, width, LINE_HEIGHT, 34)[:, :, ::-1]
    return {"x": chw((picture[::-1, ::-1] if upside_down else picture) / np.float32(127.5) - 1)}


def judge_line(text: str):
    """CTC: the best symbol of each column, repetitions merged, blanks (0) dropped."""

    def read(shop: Workshop, _: Arrays, outputs: Arrays) -> Verdict:
        symbols = ["", *member(shop, "ocr", "assets/ppocr_keys_v1.txt").decode().split("\n")]
        (p,) = outputs.values()
        best = p[0].argmax(1)
        changes = [i for k, i in enumerate(best) if i and (k == 0 or best[k - 1] != i)]
        says = "".join((symbols[i] if i < len(symbols) else "") or " " for i in changes).strip()
        return Verdict(says, text, says == text)

    return read


def judge_turned(turned: bool):
    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        (p,) = (float(v[0, 1]) for v in outputs.values())
        return Verdict(
            f"upside down: {p:.2f}", f"upside down: {'over' if turned else 'under'} 0.5", (p > 0.5) == turned
        )

    return read


def case_of_page(name: str, *geometry: int) -> Case:
    return Case(name, lambda _: {"x": imagenet(page(*geometry)[:, :, ::-1])}, judge_page)


MODELS = (
    Model(
        name="ppocr_cls",
        family="vision",
        make=part("ch_ppocr_mobile_v2.0_cls"),
        cases=(
            Case("upside_down", lambda _: line(LINE, 192, True), judge_turned(True)),
            Case("upright", lambda _: line(LINE, 192), judge_turned(False)),
        ),
        packages=("ocr",),
    ),
    Model(
        name="ppocr_rec",
        family="vision",
        make=part("ch_PP-OCRv4_rec"),
        cases=(
            Case("line", lambda _: line(LINE, 320), judge_line(LINE)),
            Case("longer_line", lambda _: line(LONGER_LINE, 640), judge_line(LONGER_LINE)),
        ),
        packages=("ocr",),
    ),
    Model(
        name="ppocr_det",
        family="vision",
        make=part("ch_PP-OCRv4_det"),
        cases=(case_of_page("page", 640, 640, 38), case_of_page("oblong_page", 480, 352, 28)),
        packages=("ocr",),
    ),
)
