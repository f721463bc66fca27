"""A small vision transformer (Dosovitskiy et al. 2021), random weights: 16×16 patches, 6 layers of width 384."""

from __future__ import annotations

from ..calibrate import check_spread, he
from ..conv_net import CLASSES, PHOTOS, image_cases, photos
from ..model import Model, Workshop
from ..transformer import RandomTransformer

WIDTH, HEADS, LAYERS, HIDDEN, PATCH = 384, 6, 6, 1536, 16
PATCHES = (224 // PATCH) ** 2
EPSILON = 1e-6


def make(shop: Workshop) -> bytes:
    g = RandomTransformer()
    w = g.weight("patches.weight", he(g.random, WIDTH, 3, PATCH, PATCH))
    b = g.normal("patches.bias", WIDTH, deviation=0.1)
    x = g.op("Conv", "image", w, b, kernel_shape=[PATCH] * 2, strides=[PATCH] * 2)
    x = g.op("Transpose", g.op("Reshape", x, g.const([0, WIDTH, PATCHES])), perm=[0, 2, 1])
    batch = g.op("Concat", g.op("Shape", "image", start=0, end=1), g.const([1, WIDTH]), axis=0)
    token = g.op("Expand", g.normal("class_token", 1, 1, WIDTH, deviation=0.5), batch)
    x = g.op("Add", g.op("Concat", token, x, axis=1), g.normal("positions", 1, PATCHES + 1, WIDTH, deviation=0.5))
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        with g.scope(name):
            h = g.layer_norm(x, f"{name}.norm1", WIDTH, EPSILON)
            qkv = g.op("Split", g.linear(h, f"{name}.qkv", WIDTH, 3 * WIDTH), g.const([WIDTH] * 3), axis=-1, outputs=3)
            h = g.attention(*qkv, HEADS, WIDTH // HEADS)
            x = g.op("Add", x, g.linear(h, f"{name}.out", WIDTH, WIDTH))
            x = g.op("Add", x, g.feed_forward(g.layer_norm(x, f"{name}.norm2", WIDTH, EPSILON), name, WIDTH, HIDDEN))
    x = g.op("Gather", g.layer_norm(x, "norm", WIDTH, EPSILON), g.const(0), axis=1)
    head = g.normal("head.weight", CLASSES, WIDTH, deviation=WIDTH**-0.5)
    g.op("Gemm", x, head, g.normal("head.bias", CLASSES, deviation=0.1), transB=1, out="logits")
    model = g.model([("image", "f32", ["N", 3, 224, 224])], [("logits", "f32", ["N", CLASSES])])
    return check_spread(model.SerializeToString(), {"image": photos(shop, *PHOTOS)})


MODELS = (Model("vit_small", "vision", make, image_cases(), ("pictures",), weights="random"),)
