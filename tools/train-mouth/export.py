"""Writes networks as one ONNX graph that gives their weighted mean, and a fixture that the tests hold the runtime against.

Usage: python export.py WEIGHTS=SHARE[,WEIGHTS=SHARE…] OUT.onnx FIXTURE.json [FOLDER]
Weights are kept as 16-bit floats and calculated with as 32-bit ones. With FOLDER prints the mean features of the speech
trained on, which `voice-fit.ts` has.
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


def rounded_to_half(params):
    return jax.tree.map(lambda w: np.asarray(w).astype(np.float16).astype(np.float32), params)


def build(every, shares) -> onnx.ModelProto:
    nodes, weights = [], []

    def constant(name, value):
        half = np.ascontiguousarray(value, dtype=np.float32).astype(np.float16)
        weights.append(numpy_helper.from_array(half, f"{name}.half"))
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
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

    def number(name, value, kind):
        weights.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def one(params, own):
        h = relu(conv(f"{own}.stem", "normal", params["stem"], network.STEM[0], network.STEM[1]))
        for i, ((taps, dilation, ahead), block) in enumerate(zip(network.BLOCKS, params["blocks"])):
            inner = relu(conv(f"{own}.conv{i}", h, block["conv"], taps, dilation))
            inner = conv(f"{own}.mix{i}", inner, block["mix"], 1, 1)
            reach = (taps - 1) * dilation
            # What the block's own taps look back and ahead is cut from what goes past it.
            cut = [("from", reach - ahead), ("to", -ahead if ahead else 2**31 - 1), ("axis", 2)]
            places = [number(f"{own}.cut{i}.{part}", [value], np.int64) for part, value in cut]
            nodes.append(helper.make_node("Slice", [h, *places], [f"{own}.past{i}"]))
            nodes.append(helper.make_node("Add", [f"{own}.past{i}", inner], [f"{own}.sum{i}"]))
            h = f"{own}.sum{i}"
        return conv(f"{own}.head", relu(h), params["head"], 1, 1)

    nodes.append(helper.make_node("Transpose", ["features"], ["bands"], perm=[0, 2, 1]))
    nodes.append(helper.make_node("Sub", ["bands", number("mean", network.MEAN, np.float32)], ["centred"]))
    nodes.append(helper.make_node("Div", ["centred", number("deviation", network.DEVIATION, np.float32)], ["normal"]))
    said = []
    for i, (params, share) in enumerate(zip(every, shares)):
        nodes.append(helper.make_node("Mul", [one(params, f"net{i}"), number(f"share{i}", share, np.float32)], [f"said{i}"]))
        said.append(f"said{i}")
    nodes.append(helper.make_node("Sum", said, ["of-all"]))
    nodes.append(helper.make_node("Transpose", ["of-all"], ["mouths"], perm=[0, 2, 1]))
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


def trained_mean(folder, clips=400):
    """Mean features of the loud frames of speech trained on."""
    entries = json.load(open(f"{folder}/train.json"))[:clips]
    feats = np.memmap(f"{folder}/train.0.feats", np.float16, "r").reshape(-1, network.BANDS)
    at, total, count = 0, np.zeros(network.BANDS), 0
    for e in entries:
        x = mel.normalise(feats[at : at + e["frames"]].astype(np.float32))
        at += e["frames"]
        loud = x.max(1) > -1.2
        total, count = total + x[loud].sum(0), count + loud.sum()
    return total / count


def main() -> None:
    weights, out, fixture = sys.argv[1:4]
    paths, shares = zip(*(part.split("=") for part in weights.split(",")))
    every, shares = [rounded_to_half(pickle.load(open(path, "rb"))) for path in paths], [float(s) for s in shares]
    if len(sys.argv) > 4:
        print("mean of trained speech", np.round(trained_mean(sys.argv[4]), 2).tolist())
    model = build(every, shares)
    onnx.save(model, out)
    # Half a second of something like speech, from a formula, so that the test can make the same sound.
    t = np.arange(int(0.5 * mel.RATE)) / mel.RATE
    sound = 0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 3 * t)) + 0.1 * np.sin(2 * np.pi * (600 + 900 * t) * t)
    frames = mel.log_mel(sound.astype(np.float32))
    feats = mel.normalise(frames)
    edge = lambda n: np.full((n, network.BANDS), -mel.DYNAMIC / mel.SCALE, np.float32)
    seen = np.concatenate([edge(network.LEFT), feats, edge(network.RIGHT)])
    with jax.default_matmul_precision("highest"):
        mouths = sum(share * np.array(network.outputs(params, seen[None])[0]) for params, share in zip(every, shares))

    import onnxruntime

    ran = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"]).run(None, {"features": seen[None]})[0][0]
    print("parameters", sum(w.size for w in map(np.asarray, jax.tree.leaves(every))), "largest difference", np.abs(ran - mouths).max())
    rounded = lambda a: [[round(float(v), 6) for v in row] for row in a]
    json.dump({"mel": rounded(frames), "features": rounded(feats), "mouths": rounded(mouths)}, open(fixture, "w"))


main()
