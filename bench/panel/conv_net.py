"""Convolutional networks with random weights, as torchvision defines them and PyTorch exports them for inference."""

from __future__ import annotations

import numpy as np

from .calibrate import calibrate, check_spread, fold_batch_norm, he
from .graph import Graph
from .model import SEED, Arrays, Case, Workshop
from .pictures import CAT_HEAD, imagenet, photo

CLASSES = 1000
PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg", "grass.png")


class ConvNet(Graph):
    """A graph with the layers that these networks share."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(SEED)

    def conv_norm(self, x: str, name: str, cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1) -> str:
        """Conv without bias and BatchNormalization, which is folded when the weights are known."""
        w = self.weight(f"{name}.weight", he(self.random, cout, cin // groups, kernel, kernel))
        sizes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4, "group": groups}
        x = self.op("Conv", x, w, **sizes)
        scale = self.random.uniform(0.5, 1.5, cout)
        shift = self.random.standard_normal(cout) * 0.2
        parts = {"scale": scale, "shift": shift, "mean": np.zeros(cout), "variance": np.ones(cout)}
        return self.op(
            "BatchNormalization", x, *(self.weight(f"{name}.norm.{k}", v.astype(np.float32)) for k, v in parts.items())
        )

    def conv(self, x: str, name: str, cin: int, cout: int) -> str:
        """A 1×1 Conv with bias."""
        w = self.weight(f"{name}.weight", he(self.random, cout, cin, 1, 1))
        b = self.weight(f"{name}.bias", (self.random.standard_normal(cout) * 0.1).astype(np.float32))
        return self.op("Conv", x, w, b, kernel_shape=[1, 1])

    def classify(self, x: str, channels: int) -> None:
        """Global average and a dense layer: the graph's output."""
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        w = self.weight("classifier.weight", he(self.random, CLASSES, channels))
        b = self.weight("classifier.bias", (self.random.standard_normal(CLASSES) * 0.1).astype(np.float32))
        self.op("Gemm", x, w, b, transB=1, out="logits")

    def finish(self, shop: Workshop) -> bytes:
        """The model with calibrated and folded statistics."""
        model = self.model([("image", "f32", ["N", 3, 224, 224])], [("logits", "f32", ["N", CLASSES])])
        batch = {"image": photos(shop, *PHOTOS)}
        calibrate(model, batch)
        fold_batch_norm(model)
        return check_spread(model.SerializeToString(), batch)


def photos(shop: Workshop, *names: str) -> np.ndarray:
    return np.concatenate([imagenet(photo(shop, n, 224, 224)) for n in names])


def cat(shop: Workshop) -> np.ndarray:
    return imagenet(photo(shop, "chelsea.png", 224, 224, CAT_HEAD))


def image_cases(name: str = "image") -> tuple[Case, ...]:
    """One picture, and two."""

    def two(shop: Workshop) -> Arrays:
        return {name: photos(shop, "astronaut.png", "coffee.png")}

    return Case("one", lambda shop: {name: cat(shop)}), Case("two", two)
