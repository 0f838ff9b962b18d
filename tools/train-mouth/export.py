"""Writes the network as ONNX, and a fixture that the tests hold the runtime against.

Usage: python export.py WEIGHTS OUT.onnx FIXTURE.json
"""

import json
import pickle
import sys

import jax
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import mel
import network


def build(params) -> onnx.ModelProto:
    nodes, weights = [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def conv(name, source, p, taps, dilation):
        # (taps * in, out) -> (out, in, taps)
        w = np.asarray(p["w"])
        w = w.reshape(taps, -1, w.shape[1]).transpose(2, 1, 0)
        inputs = [source, constant(f"{name}.w", w), constant(f"{name}.b", p["b"])]
        nodes.append(helper.make_node("Conv", inputs, [name], dilations=[dilation], kernel_shape=[taps]))
        return name

    def relu(source):
        nodes.append(helper.make_node("Relu", [source], [f"{source}.relu"]))
        return f"{source}.relu"

    nodes.append(helper.make_node("Transpose", ["features"], ["bands"], perm=[0, 2, 1]))
    # The graph takes features as they are: their mean and deviation are folded into the first weights.
    stem = {"w": np.asarray(params["stem"]["w"]) / network.DEVIATION}
    stem["b"] = np.asarray(params["stem"]["b"]) - network.MEAN * stem["w"].sum(0)
    h = relu(conv("stem", "bands", stem, network.STEM[0], network.STEM[1]))
    for i, ((taps, dilation, ahead), block) in enumerate(zip(network.BLOCKS, params["blocks"])):
        inner = relu(conv(f"conv{i}", h, block["conv"], taps, dilation))
        inner = conv(f"mix{i}", inner, block["mix"], 1, 1)
        reach = (taps - 1) * dilation
        # What the block's own taps look back and ahead is cut from what goes past it.
        for part, value in (("from", reach - ahead), ("to", -ahead if ahead else 2**31 - 1), ("axis", 2)):
            weights.append(numpy_helper.from_array(np.array([value], np.int64), f"cut{i}.{part}"))
        nodes.append(helper.make_node("Slice", [h, f"cut{i}.from", f"cut{i}.to", f"cut{i}.axis"], [f"past{i}"]))
        nodes.append(helper.make_node("Add", [f"past{i}", inner], [f"sum{i}"]))
        h = f"sum{i}"
    h = conv("head", relu(h), params["head"], 1, 1)
    nodes.append(helper.make_node("Transpose", [h], ["mouths"], perm=[0, 2, 1]))
    graph = helper.make_graph(
        nodes,
        "mouth",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "seen", network.BANDS])],
        [helper.make_tensor_value_info("mouths", TensorProto.FLOAT, ["batch", "frames", network.OUTPUTS])],
        weights,
        f"seen = frames + {network.LEFT} behind + {network.RIGHT} ahead, 100 frames a second",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="talkbox train-mouth")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    weights, out, fixture = sys.argv[1:4]
    params = pickle.load(open(weights, "rb"))
    model = build(params)
    onnx.save(model, out)
    # Half a second of something like speech, from a formula, so that the test can make the same sound.
    t = np.arange(int(0.5 * mel.RATE)) / mel.RATE
    sound = 0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 3 * t)) + 0.1 * np.sin(2 * np.pi * (600 + 900 * t) * t)
    frames = mel.log_mel(sound.astype(np.float32))
    feats = mel.normalise(frames)
    edge = lambda n: np.full((n, network.BANDS), -mel.DYNAMIC / mel.SCALE, np.float32)
    seen = np.concatenate([edge(network.LEFT), feats, edge(network.RIGHT)])
    with jax.default_matmul_precision("highest"):
        mouths = np.array(network.outputs(params, seen[None])[0])

    import onnxruntime

    ran = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"]).run(None, {"features": seen[None]})[0][0]
    print("parameters", sum(w.size for w in map(np.asarray, jax.tree.leaves(params))), "largest difference", np.abs(ran - mouths).max())
    rounded = lambda a: [[round(float(v), 6) for v in row] for row in a]
    json.dump({"mel": rounded(frames), "features": rounded(feats), "mouths": rounded(mouths)}, open(fixture, "w"))


main()
