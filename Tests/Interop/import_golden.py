"""Writes Tests/Golden/import: a small ONNX model, rows of its inputs, and ONNX Runtime's answers.

A tiled export, as most are: every input has the batch for its first dimension, the user's too. The
shape plumbing is what exporters write. Run in an environment with numpy, onnx and onnxruntime:

    python Tests/Interop/import_golden.py Tests/Golden/import
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROWS = 6


def model(rng):
    def weight(name, *shape):
        return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32) / 4, name)

    def integers(name, *values):
        return numpy_helper.from_array(np.array(values, np.int64), name)

    node = helper.make_node
    nodes = [
        node("Gather", ["users", "user_id"], ["user"], name="user"),
        node("Gather", ["items", "item_id"], ["item"], name="item"),
        node("Concat", ["user", "item", "price"], ["row"], name="row", axis=1),
        node("Shape", ["row"], ["shape"], name="shape"),
        node("Slice", ["shape", "zero", "one"], ["batch"], name="batch"),
        node("Concat", ["batch", "minus"], ["flat"], name="flat", axis=0),
        node("Reshape", ["row", "flat"], ["x"], name="x"),
        node("Gemm", ["x", "w", "b"], ["h"], name="hidden", transB=1),
        node("Relu", ["h"], ["r"], name="relu"),
        node("Gemm", ["r", "v"], ["logit"], name="logit", transB=1),
        node("Sigmoid", ["logit"], ["click"], name="click"),
        node("Gemm", ["r", "q", "c"], ["rating"], name="rating", transB=1),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "shop",
        [
            info("user_id", TensorProto.INT64, ["batch"]),
            info("item_id", TensorProto.INT64, ["batch"]),
            info("price", TensorProto.FLOAT, ["batch", 1]),
        ],
        [
            info("click", TensorProto.FLOAT, ["batch", 1]),
            info("rating", TensorProto.FLOAT, ["batch", 1]),
        ],
        [
            weight("users", 20, 4),
            weight("items", 30, 4),
            weight("w", 8, 9),
            weight("b", 8),
            weight("v", 1, 8),
            weight("q", 1, 8),
            weight("c", 1),
            integers("zero", 0),
            integers("one", 1),
            integers("minus", -1),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made


def main():
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(20241124)
    for name in ("inputs", "outputs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    onnx.save(model(rng), folder / "shop.onnx")
    inputs = {
        "user_id": np.full(ROWS, 7, np.int32),
        "item_id": rng.integers(0, 30, ROWS).astype(np.int32),
        "price": rng.standard_normal((ROWS, 1)).astype(np.float32),
    }
    for name, rows in inputs.items():
        np.save(folder / "inputs" / f"{name}.npy", rows)
    session = onnxruntime.InferenceSession(folder / "shop.onnx")
    feed = {}
    for name, rows in inputs.items():
        feed[name] = rows.astype(np.int64) if rows.ndim == 1 else rows
    for output, rows in zip(session.get_outputs(), session.run(None, feed)):
        np.save(folder / "outputs" / f"{output.name}.npy", rows)


if __name__ == "__main__":
    main()
