"""The nine "light" models of the ONNX suite, whose weights are one value, and twins of them with random weights.

The originals are real graphs of 2015 to 2018 in which every large weight is a ConstantOfShape. They are good for shapes
and memory, useless for numbers, and a compiler may fold them; the twins are what timing is done with.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, checker, helper, load_from_string, numpy_helper

from ..archive import member
from ..calibrate import calibrate
from ..conv_net import PHOTOS, cat, photos
from ..model import SEED, Case, Model, Workshop, run_reference

SHAPE = (1, 3, 224, 224)
LOGITS_DEVIATION = 2.0
"""Spread of what goes into the last Softmax: some classes stand out, none takes all."""
FILES = {
    "squeezenet": "squeezenet",
    "shufflenet": "shufflenet",
    "inception_v1": "inception_v1",
    "densenet121": "densenet121",
    "inception_v2": "inception_v2",
    "resnet50": "resnet50",
    "alexnet": "bvlc_alexnet",
    "zfnet": "zfnet512",
    "vgg19": "vgg19",
}


def original(name: str):
    return lambda shop: member(shop, "onnx", f"onnx/backend/test/data/light/light_{FILES[name]}.onnx")


def input_name(model: ModelProto) -> str:
    stored = {t.name for t in model.graph.initializer}
    return next(i.name for i in model.graph.input if i.name not in stored)


def ramp(name: str):
    """The input of ONNX's own runner."""

    def inputs(shop: Workshop) -> dict[str, np.ndarray]:
        n = int(np.prod(SHAPE))
        return {
            input_name(load_from_string(original(name)(shop))): (np.arange(n).reshape(SHAPE) / n).astype(np.float32)
        }

    return inputs


def twin(name: str):
    """The same graph with a random array for every float parameter."""

    def make(shop: Workshop) -> bytes:
        model = load_from_string(original(name)(shop))
        image = input_name(model)
        _store_parameters(model, image)
        batch = {image: np.concatenate([cat(shop), photos(shop, *PHOTOS)])}
        _calibrate_one_by_one(model, batch)
        _spread_logits(model, {image: batch[image][:1]})
        checker.check_model(model)
        return _check_difference(model.SerializeToString(), image, batch[image])

    return make


def _store_parameters(model: ModelProto, image: str) -> None:
    """Makes every float parameter (ConstantOfShape or initialiser) a random initialiser that is no input any more."""
    g, random = model.graph, np.random.default_rng(SEED)
    model.ir_version = 8
    stored = {t.name: numpy_helper.to_array(t) for t in g.initializer}
    makers = [n for n in g.node if n.op_type == "ConstantOfShape"]
    shapes = {n.output[0]: tuple(stored[n.input[0]].tolist()) for n in makers}
    shapes |= {n: a.shape for n, a in stored.items() if a.dtype == np.float32}
    used_as = _consumers(model)
    for node in makers:
        g.node.remove(node)
    kept = [t for t in g.initializer if t.data_type == t.INT64 and t.name not in {n.input[0] for n in makers}]
    values = {n: _random_parameter(random, shape, *used_as[n]) for n, shape in shapes.items() if n in used_as}
    del g.initializer[:]
    g.initializer.extend(kept + [numpy_helper.from_array(a, n) for n, a in values.items()])
    inputs = [i for i in g.input if i.name == image]
    del g.input[:]
    g.input.extend(inputs)


def _consumers(model: ModelProto) -> dict[str, tuple[NodeProto, int]]:
    """The node that computes with a value, and as which operand; what only changes its shape is passed through."""
    direct = {x: (n, i) for n in model.graph.node for i, x in enumerate(n.input)}
    found = {}
    for name, (node, operand) in direct.items():
        while node.op_type in ("Unsqueeze", "Reshape") and node.output[0] in direct:
            node, operand = direct[node.output[0]]
        found[name] = (node, operand)
    return found


def _random_parameter(random: np.random.Generator, shape: tuple[int, ...], node: NodeProto, operand: int) -> np.ndarray:
    if node.op_type in ("Conv", "Gemm") and operand == 1:
        across = node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute)
        inputs = shape[0] if across else np.prod(shape[1:])
        values = random.standard_normal(shape) * (2 / inputs) ** 0.5
    elif (node.op_type, operand) in (("BatchNormalization", 1), ("BatchNormalization", 4)) or node.op_type == "Mul":
        values = random.uniform(0.5, 1.5, shape)
    else:
        values = random.standard_normal(shape) * 0.1
    return values.astype(np.float32)


def _calibrate_one_by_one(model: ModelProto, batch: dict[str, np.ndarray]) -> None:
    """Statistics of the batch, run as it is: these graphs fix their batch size to 1, so the examples' are averaged."""
    ((image, pictures),) = batch.items()
    stored = {t.name: t for t in model.graph.initializer}
    norms = [n for n in model.graph.node if n.op_type == "BatchNormalization"]
    if not norms:
        return
    sums: dict[str, np.ndarray] = {}
    for picture in pictures:
        calibrate(model, {image: picture[None]})
        for name in (x for n in norms for x in n.input[3:5]):
            sums[name] = sums.get(name, np.float32(0)) + numpy_helper.to_array(stored[name])
    for name, total in sums.items():
        stored[name].CopyFrom(numpy_helper.from_array((total / len(pictures)).astype(np.float32), name))


def _spread_logits(model: ModelProto, inputs: dict[str, np.ndarray]) -> None:
    """Scales the last weights so that the values before the Softmax (or the outputs) have a usual deviation."""
    g = model.graph
    logits = next((n.input[0] for n in g.node if n.op_type == "Softmax"), g.output[0].name)
    probe = ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.append(helper.make_empty_tensor_value_info(logits))
    found = run_reference(probe.SerializeToString(), inputs)[logits]
    last = [n for n in g.node if n.op_type in ("Conv", "Gemm")][-1]
    for name in last.input[1:]:
        tensor = next((t for t in g.initializer if t.name == name), None)
        if tensor is not None:
            scaled = numpy_helper.to_array(tensor) * np.float32(LOGITS_DEVIATION / found.std())
            tensor.CopyFrom(numpy_helper.from_array(scaled.astype(np.float32), name))


def _check_difference(model: bytes, image: str, pictures: np.ndarray) -> bytes:
    """The model, if it tells two pictures apart; else an error."""
    a, b = (next(iter(run_reference(model, {image: p[None]}).values())) for p in pictures[:2])
    if not np.abs(a - b).max() > 0.05 * np.abs(a).max():
        raise ValueError("the outputs for two pictures hardly differ")
    return model


def picture(name: str):
    return lambda shop: {input_name(load_from_string(original(name)(shop))): cat(shop)}


MODELS = tuple(
    Model(f"light_{n}", "light", original(n), (Case("ramp", ramp(n)),), ("onnx",), weights="splat") for n in FILES
) + tuple(Model(n, "twin", twin(n), (Case("cat", picture(n)),), ("onnx", "pictures"), weights="random") for n in FILES)
