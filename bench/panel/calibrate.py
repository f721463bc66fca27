"""Random weights that behave like trained ones.

With the usual initialisation a deep random network answers nearly the same whatever it is shown, and any tolerance
passes. So the statistics of BatchNormalization are taken from what really flows through the network, layer after layer,
and weights keep the scale of what they multiply.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from .model import Arrays, run_reference


def he(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Weights [outputs, inputs, …] that keep the variance through a ReLU (He et al. 2015, section 2.2)."""
    return (random.standard_normal(shape) * (2 / np.prod(shape[1:])) ** 0.5).astype(np.float32)


def calibrate(model: ModelProto, inputs: Arrays) -> None:
    """Sets mean and variance of every BatchNormalization to those of its inputs on the given batch, in place."""
    probe = ModelProto()
    probe.CopyFrom(model)
    nodes, statistics = [], []
    for node in model.graph.node:
        if node.op_type != "BatchNormalization":
            nodes.append(node)
            continue
        nodes += _batch_statistics(node)
        statistics.append((node, f"{node.output[0]}/mean", f"{node.output[0]}/variance"))
    del probe.graph.node[:]
    probe.graph.node.extend(nodes)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(n) for _, *names in statistics for n in names)
    if not statistics:
        return
    found = run_reference(probe.SerializeToString(), inputs)
    stored = {t.name: t for t in model.graph.initializer}
    for node, mean, variance in statistics:
        for name, values in ((node.input[3], found[mean]), (node.input[4], found[variance])):
            stored[name].CopyFrom(numpy_helper.from_array(values.reshape(-1), name))


def _batch_statistics(node) -> list:  # noqa: ANN001
    """BatchNormalization as in training, with its mean and variance ([1, C, 1, 1]) as values of their own."""
    epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
    x, scale, bias, y = node.input[0], node.input[1], node.input[2], node.output[0]
    name = lambda part: f"{y}/{part}"  # noqa: E731
    over = {"axes": [0, 2, 3], "keepdims": 1}
    column = np.array([1, -1, 1, 1], np.int64)
    return [
        helper.make_node("ReduceMean", [x], [name("mean")], **over),
        helper.make_node("Sub", [x, name("mean")], [name("centred")]),
        helper.make_node("Mul", [name("centred"), name("centred")], [name("squares")]),
        helper.make_node("ReduceMean", [name("squares")], [name("variance")], **over),
        helper.make_node("Constant", [], [name("epsilon")], value=numpy_helper.from_array(np.float32(epsilon))),
        helper.make_node("Add", [name("variance"), name("epsilon")], [name("safe")]),
        helper.make_node("Sqrt", [name("safe")], [name("deviation")]),
        helper.make_node("Div", [name("centred"), name("deviation")], [name("normalised")]),
        helper.make_node("Constant", [], [name("column")], value=numpy_helper.from_array(column)),
        helper.make_node("Reshape", [scale, name("column")], [name("scale")]),
        helper.make_node("Reshape", [bias, name("column")], [name("bias")]),
        helper.make_node("Mul", [name("normalised"), name("scale")], [name("scaled")]),
        helper.make_node("Add", [name("scaled"), name("bias")], [y]),
    ]


def fold_batch_norm(model: ModelProto) -> None:
    """Folds each BatchNormalization into the Conv without bias before it, in place, as exporters do for inference."""
    weights = {t.name: t for t in model.graph.initializer}
    producer = {o: n for n in model.graph.node for o in n.output}
    for norm in [n for n in model.graph.node if n.op_type == "BatchNormalization"]:
        conv = producer[norm.input[0]]
        scale, bias, mean, variance = (numpy_helper.to_array(weights[n]) for n in norm.input[1:5])
        epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + np.float32(epsilon))
        name = conv.input[1]
        w = numpy_helper.to_array(weights[name]) * factor.reshape(-1, 1, 1, 1)
        weights[name].CopyFrom(numpy_helper.from_array(w.astype(np.float32), name))
        shift = model.graph.initializer.add()
        shift.CopyFrom(numpy_helper.from_array((bias - mean * factor).astype(np.float32), f"{name}.bias"))
        conv.input.append(shift.name)
        conv.output[0] = norm.output[0]
        model.graph.node.remove(norm)
        for used in norm.input[1:5]:
            model.graph.initializer.remove(weights.pop(used))


def check_spread(model: bytes, inputs: Arrays) -> bytes:
    """The model, if its first output differs between the batch's examples and within each; else an error."""
    first = next(iter(run_reference(model, inputs).values()))
    examples = first.reshape(len(first), -1)
    scale = np.abs(examples).max()
    between, within = float(examples.std(0).max() / scale), float(examples.std(1).min() / scale)
    if not (between > 0.01 and within > 0.01):
        raise ValueError(f"the outputs hardly differ: {between:.2g} between examples, {within:.2g} within")
    return model
