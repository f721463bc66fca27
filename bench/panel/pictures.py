"""Photographs of scikit-image's data folder, and text drawn with Pillow's own font, as float32 arrays."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .archive import member
from .model import Workshop

Box = tuple[int, int, int, int]

CAT_HEAD: Box = (76, 0, 376, 300)
"""The middle square of chelsea.png."""
FACE: Box = (170, 60, 280, 190)
"""The face in astronaut.png."""
PAGE = (
    "The quick brown fox jumps\nover the lazy dog. 0123456789\nOpen Neural Network Exchange\n"
    "from ONNX to Rust, ahead of\ntime, with no runtime at all."
)


def photo(shop: Workshop, name: str, width: int, height: int, box: Box | None = None) -> np.ndarray:
    """A photograph, or the box (left, top, right, bottom) of it, scaled: [height, width, RGB], 0 to 255."""
    picture = Image.open(io.BytesIO(member(shop, "pictures", "skimage/data/" + name))).convert("RGB")
    if box:
        picture = picture.crop(box)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32)


def text_picture(text: str, width: int, height: int, size: int, at: tuple[int, int] = (6, 4)) -> np.ndarray:
    """Black text on white: [height, width, RGB], 0 to 255."""
    picture = Image.new("RGB", (width, height), (255, 255, 255))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).multiline_text(at, text, fill=(0, 0, 0), font=font, spacing=size // 2)
    return np.asarray(picture, np.float32)


def digit_picture(digit: int) -> np.ndarray:
    """A white digit on black, centred and scaled down to [28, 28], 0 to 255."""
    picture = Image.new("L", (280, 280), 0)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(250)
    left, top, right, bottom = draw.textbbox((0, 0), str(digit), font=font)
    corner = (140 - (left + right) / 2, 140 - (top + bottom) / 2)
    draw.text(corner, str(digit), fill=255, font=font, stroke_width=3)
    return np.asarray(picture.resize((28, 28), Image.Resampling.BILINEAR), np.float32)


def chw(picture: np.ndarray) -> np.ndarray:
    """[H, W, C] to [1, C, H, W]."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def imagenet(picture: np.ndarray) -> np.ndarray:
    """[H, W, RGB] of 0 to 255 to [1, C, H, W], normalised with the mean and deviation of ImageNet."""
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return chw((picture / 255 - mean) / deviation)
