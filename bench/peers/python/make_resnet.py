"""Writes a network of the shape of InsightFace's w600k_r50 (IResNet-50) with random weights: make_resnet.py FILE.

It recognises nobody: only its time counts. Weights are scaled so that every layer keeps the spread of its input.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(50)
nodes, weights = [], []


def constant(values, name):
    weights.append(numpy_helper.from_array(values.astype(np.float32), name))
    return name


def add(kind, inputs, **attributes):
    output = f"{kind.lower()}_{len(nodes)}"
    nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
    return output


def convolve(x, channels_in, channels, size, stride):
    spread = np.sqrt(2 / (channels_in * size * size))
    kernel = constant(random.normal(0, spread, (channels, channels_in, size, size)), f"w_{len(nodes)}")
    bias = constant(np.zeros(channels), f"b_{len(nodes)}")
    pads = [size // 2] * 4
    return add("Conv", [x, kernel, bias], kernel_shape=[size, size], strides=[stride, stride], pads=pads)


def normalise(x, channels, spread):
    """A BatchNorm that divides by `spread`."""
    parts = [np.ones(channels), np.zeros(channels), np.zeros(channels), np.full(channels, spread**2)]
    names = [constant(part, f"n{index}_{len(nodes)}") for index, part in enumerate(parts)]
    return add("BatchNormalization", [x, *names], epsilon=1e-5)


def block(x, channels_in, channels, stride):
    y = normalise(x, channels_in, 1.0)
    y = convolve(y, channels_in, channels, 3, 1)
    y = add("PRelu", [y, constant(np.full((channels, 1, 1), 0.25), f"p_{len(nodes)}")])
    y = convolve(y, channels, channels, 3, stride)
    if stride != 1 or channels_in != channels:
        x = convolve(x, channels_in, channels, 1, stride)
    # The sum of two independent parts of equal spread, back to that spread.
    return normalise(add("Add", [x, y]), channels, 1.7)


x = convolve("input", 3, 64, 3, 1)
x = add("PRelu", [x, constant(np.full((64, 1, 1), 0.25), "p_input")])
width = 64
for channels, count in [(64, 3), (128, 4), (256, 14), (512, 3)]:
    for index in range(count):
        x = block(x, width, channels, 2 if index == 0 else 1)
        width = channels
x = add("Flatten", [normalise(x, 512, 1.0)], axis=1)
matrix = constant(random.normal(0, 1 / np.sqrt(512 * 49), (512, 512 * 49)), "fc_w")
nodes.append(helper.make_node("Gemm", [x, matrix, constant(np.zeros(512), "fc_b")], ["embedding"], transB=1))
graph = helper.make_graph(
    nodes,
    "iresnet50",
    [helper.make_tensor_value_info("input", TensorProto.FLOAT, [None, 3, 112, 112])],
    [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [None, 512])],
    weights,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
