"""Writes the small networks of these tests. Usage: python test/inference/models.py (needs the package onnx)"""

import pathlib

import onnx
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).parent


def save(name, nodes, kind, shape):
    value = lambda n: helper.make_tensor_value_info(n, kind, shape)
    graph = helper.make_graph(nodes, name, [value("x")], [value("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


# y = x + x, as floats and as 64-bit integers.
save("twice", [helper.make_node("Add", ["x", "x"], ["y"])], TensorProto.FLOAT, ["n"])
save("twice-integers", [helper.make_node("Add", ["x", "x"], ["y"])], TensorProto.INT64, ["n"])
# A power of a square matrix: as slow as the matrix is large.
steps = [helper.make_node("MatMul", [f"x{i}" if i else "x", "x"], [f"x{i + 1}" if i < 59 else "y"]) for i in range(60)]
save("power", steps, TensorProto.FLOAT, ["n", "n"])
