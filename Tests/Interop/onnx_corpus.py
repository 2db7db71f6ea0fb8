"""Small ONNX models of every kind, for the fuzzer's corpus: one file a family of operators.

    .build/interop/bin/python Tests/Interop/onnx_corpus.py Tests/Fuzz/Corpus/onnx

Together they import to every operation that an import can make, which a test of the table in
Operations.md relies on. Needs the PyPI package onnx.
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT, INT64, INT32, BOOL = (
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL)
random = np.random.default_rng(1)


def untyped(name):
    """A value whose type the reader infers."""
    return helper.make_empty_tensor_value_info(name)


class Model:
    """A model under construction; every result that nothing reads is an output."""

    def __init__(self, name, opset=17):
        self.name, self.opset = name, opset
        self.nodes, self.inputs, self.weights, self.functions = [], [], [], []
        self.imports = {"": opset}

    def input(self, name, shape, dtype=FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def weight(self, values, dtype=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def random(self, *shape):
        return self.weight(random.uniform(-1, 1, shape).round(2))

    def node(self, operator, *inputs, outputs=1, domain="", **attributes):
        names = [f"n{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(
            helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        if domain:
            self.imports[domain] = 1
        return names[0] if outputs == 1 else names

    def microsoft(self, operator, *inputs, **attributes):
        return self.node(operator, *inputs, domain="com.microsoft", **attributes)

    def save(self, folder):
        read = {name for node in self.nodes for name in node.input}
        made = [name for node in self.nodes for name in node.output if name]
        outputs = [
            untyped(name) for name in made if name not in read]
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, outputs, self.weights)
        model = helper.make_model(
            graph, producer_name="", functions=self.functions, ir_version=8,
            opset_imports=[helper.make_opsetid(*pair) for pair in self.imports.items()])
        save(model, str(pathlib.Path(folder) / f"{self.name}.onnx"))


def elements():
    model = Model("elements", 18)
    x = model.input("x", ["rows", 4])
    y = model.input("y", ["rows", 1])
    n = model.input("n", ["rows", 4], INT64)
    for operator in (
            "Relu Sigmoid Tanh Exp Log Neg Abs Sqrt Erf Sin Cos Floor Ceil Round Sign Reciprocal"
            .split()):
        model.node(operator, x)
    for operator in "Add Sub Mul Div Min Max Pow".split():
        model.node(operator, x, y)
    model.node("Mod", n, model.weight(3, np.int64))
    model.node("Mod", x, y, fmod=1)
    model.node("Clip", x, model.weight(-1), model.weight(2))
    model.node("Softplus", x)
    model.node("LeakyRelu", x, alpha=0.1)
    less, equal = model.node("Less", x, y), model.node("Equal", n, model.weight(2, np.int64))
    model.node("LessOrEqual", x, y)
    either = model.node("Or", model.node("And", less, equal), model.node("Xor", less, equal))
    model.node("Where", model.node("Not", either), x, y)
    model.node("Cast", n, to=FLOAT)
    return model


def gelu():
    model = Model("gelu")
    x = model.input("x", ["rows", 4])
    half = model.node("Div", x, model.weight(2.0 ** 0.5))
    one = model.node("Add", model.node("Erf", half), model.weight(1))
    model.node("Mul", model.node("Mul", x, one), model.weight(0.5))
    model.microsoft("FastGelu", x)
    return model


def moves():
    model = Model("moves", 18)
    x = model.input("x", ["rows", 6, 4])
    i = model.input("i", ["rows", 2], INT64)
    along = model.input("along", ["rows", 6, 2], INT64)
    flat = model.node("Reshape", x, model.weight([0, 24], np.int64))
    model.node("Transpose", x, perm=[0, 2, 1])
    parts = model.node("Split", x, model.weight([2, 4], np.int64), outputs=2, axis=1)
    model.node("Concat", parts[1], parts[0], axis=1)
    model.node(
        "Slice", x, *[model.weight([value], np.int64) for value in (1, 5, 1, 2)])
    model.node("Gather", x, model.weight([3, -1], np.int64), axis=1)
    model.node("GatherElements", x, along, axis=2)
    model.node("Gather", model.random(9, 3), i)
    sized = model.node("Shape", flat)
    rows = model.node("Gather", sized, model.weight(0, np.int64), axis=0)
    model.node("Range", model.weight(0, np.int64), rows, model.weight(1, np.int64))
    model.node("Expand", model.node("Unsqueeze", i, model.weight([2], np.int64)),
               model.weight([1, 1, 3], np.int64))
    model.node("Mul", rows, model.weight(2, np.int64))
    model.node("Tile", i, model.weight([1, 2], np.int64))
    model.node("Pad", x, model.weight([0, 1, 0, 0, 0, 2], np.int64))
    model.node("CumSum", x, model.weight(1, np.int64))
    return model


def reductions():
    model = Model("reductions", 18)
    x = model.input("x", ["rows", 3, 4])
    axis = model.weight([1], np.int64)
    for operator in "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL2".split():
        model.node(operator, x, axis, keepdims=0)
    model.node("Softmax", x, axis=2)
    model.node("LogSoftmax", x, axis=1)
    model.node("Einsum", x, model.random(4, 2), equation="bij,jk->bik")
    return model


def layers():
    model = Model("layers")
    x = model.input("x", ["rows", 5, 4])
    ids = model.input("ids", ["rows"], INT64)
    model.node("MatMul", x, model.random(4, 3))
    model.node("MatMul", x, model.node("Transpose", x, perm=[0, 2, 1]))
    model.node("LayerNormalization", x, model.random(4), model.random(4), axis=-1)
    row = model.node("Gather", model.random(7, 6), ids, axis=0)
    gemm = model.node("Gemm", row, model.random(3, 6), model.random(3), transB=1)
    model.node("BatchNormalization", gemm, *[model.weight([1, 2, 3]) for _ in range(4)])
    model.node("Conv", x, model.random(2, 5, 3), model.random(2), pads=[1, 1])
    return model


def mixture():
    """Two experts and a gate, as they are written out: gates times the experts stacked, summed."""
    model = Model("mixture", 17)
    x = model.input("x", ["rows", 4])
    experts = [model.node("MatMul", x, model.random(4, 3)) for _ in range(2)]
    axis = model.weight([1], np.int64)
    stacked = model.node(
        "Concat", *[model.node("Unsqueeze", expert, axis) for expert in experts], axis=1)
    gates = model.node("Softmax", model.node("MatMul", x, model.random(4, 2)), axis=1)
    weighed = model.node(
        "Mul", model.node("Unsqueeze", gates, model.weight([2], np.int64)), stacked)
    model.node("ReduceSum", weighed, axis, keepdims=0)
    return model


def attention():
    model = Model("attention")
    x = model.input("x", ["rows", 3, 8])
    model.microsoft("Attention", x, model.random(8, 24), model.random(24), num_heads=2)
    model.microsoft(
        "SkipLayerNormalization", x, x, model.random(8), model.random(8), epsilon=1e-5)
    return model


def recurrent():
    model = Model("recurrent")
    x = model.input("x", ["s", "rows", 4])
    length = model.input("length", ["rows"], INT32)
    for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        outputs = 3 if operator == "LSTM" else 2
        model.node(
            operator, x, model.random(1, gates * 2, 4), model.random(1, gates * 2, 2),
            model.random(1, gates * 4), length, outputs=outputs, hidden_size=2)
    model.node(
        "LSTM", x, model.random(2, 8, 4), model.random(2, 8, 2), outputs=1,
        direction="bidirectional", hidden_size=2)
    return model


def quantized():
    model = Model("quantized")
    x = model.input("x", ["rows", 4])
    scale, zero = model.weight(0.05), model.weight(3, np.uint8)
    q = model.node("QuantizeLinear", x, scale, zero)
    weight = model.weight(random.integers(-127, 127, (4, 3)), np.int8)
    loose = model.node(
        "DequantizeLinear", weight, model.weight([0.1, 0.2, 0.3]), model.weight([0] * 3, np.int8),
        axis=1)
    model.node("MatMul", model.node("DequantizeLinear", q, scale, zero), loose)
    bytes_, own, point = model.node("DynamicQuantizeLinear", x, outputs=3)
    sums = model.node("MatMulInteger", bytes_, weight, point)
    model.node("Mul", model.node("Cast", sums, to=FLOAT), own)
    return model


def control():
    """A condition that is known at import."""
    model = Model("control")
    x = model.input("x", ["rows", 2])

    def branch(operator):
        return helper.make_graph(
            [helper.make_node(operator, ["x"], ["y"])], operator, [],
            [untyped("y")])

    model.node(
        "If", model.weight(True, np.bool_), then_branch=branch("Relu"),
        else_branch=branch("Neg"))
    return model


def loop():
    model = Model("loop")
    x = model.input("x", ["rows", 2])
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Neg", ["v"], ["u"])],
        "body",
        [helper.make_tensor_value_info("i", INT64, []),
         helper.make_tensor_value_info("c", BOOL, []), untyped("v")],
        [helper.make_tensor_value_info("d", BOOL, []), untyped("u")])
    model.node("Loop", model.weight(3, np.int64), "", x, body=body)
    return model


FAMILIES = [
    elements, gelu, moves, reductions, layers, mixture, attention, recurrent, quantized, control,
    loop]


def main():
    folder = sys.argv[1]
    for family in FAMILIES:
        family().save(folder)


if __name__ == "__main__":
    main()
