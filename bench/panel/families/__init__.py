"""All models of the panel by name, in the order in which they are made: smallest first."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from ..model import Model

_MODULES = (
    "digits",
    "mlp",
    "mtcnn",
    "wakeword",
    "silero",
    "blazeface",
    "ppocr",
    "magika",
    "tiny_llama",
    "basic_pitch",
    "mlsd",
    "orientation",
    "yolov8n",
    "mobilenet_v2",
    "efficientnet_lite0",
    "efficientnet_b0",
    "vit",
    "resnet",
    "minilm",
    "whisper",
    "isnet",
    "bert",
    "smollm2",
    "light",
)

_by_module: dict[str, tuple[Model, ...]] = {
    name: importlib.import_module(f".{name}", __package__).MODELS for name in _MODULES
}

MODELS: dict[str, Model] = {m.name: m for models in _by_module.values() for m in models}


def module_of(model: Model) -> Path:
    """The source file that defines the model."""
    name = next(name for name, models in _by_module.items() if model in models)
    return Path(inspect.getsourcefile(importlib.import_module(f".{name}", __package__)) or "")
