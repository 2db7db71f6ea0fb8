"""What ONNX Runtime's optimisers and quantisers write: operators of the domain com.microsoft.

The float models are PyTorch's, as its TorchScript exporter writes them.
"""

import collections
import pathlib
import tempfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_models import ROWS, onnx_runtime
from onnx_models_encoders import SIZES, States, mask, tokens
from onnx_models_torch import MODULES, export
from transformers import BertConfig, BertModel

HEADS, WIDTH = 3, 24


def optimised(path, level):
    """What a session of ONNX Runtime saves after its own optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    result = path.with_suffix(f".{level.name}.onnx")
    options.optimized_model_filepath = str(result)
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return result


def fused(path):
    """The transformer tool: attention, embeddings and norms as one node each."""
    from onnxruntime.transformers import optimizer

    model = optimizer.optimize_model(
        str(path), model_type="bert", num_heads=HEADS, hidden_size=WIDTH, opt_level=0
    )
    result = path.with_suffix(".fused.onnx")
    model.save_model_to_file(str(result))
    return result


def fast_gelu(path):
    """The same, with the bias of each GELU inside, and GELU by its tanh."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    options.enable_gelu_approximation = True
    model = optimizer.optimize_model(
        str(path), model_type="bert", num_heads=HEADS, hidden_size=WIDTH, opt_level=0,
        optimization_options=options,
    )  # fmt: skip
    result = path.with_suffix(".fast.onnx")
    model.save_model_to_file(str(result))
    return result


def dynamic(path, kinds=("MatMul", "Gemm", "Attention", "LSTM")):
    """Weights in 8 bits, activations rounded in the call."""
    from onnxruntime import quantization

    result = path.with_suffix(".dynamic.onnx")
    quantization.quantize_dynamic(
        path, result, op_types_to_quantize=list(kinds), weight_type=quantization.QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )  # fmt: skip
    return result


def forms(path):
    """Every form of a float model, by name."""
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    yield "extended", optimised(path, levels.ORT_ENABLE_EXTENDED), 1e-4
    rounded = dynamic(path)
    yield "dynamic", rounded, 0.02
    yield "dynamic-extended", optimised(rounded, levels.ORT_ENABLE_EXTENDED), 0.02


def encoder_forms(path):
    """Those of an encoder besides."""
    import onnxruntime

    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    yield "fused", fused(path), 1e-4
    yield "fast", fast_gelu(path), 1e-2
    rounded = dynamic(fused(path))
    yield "fused-dynamic", rounded, 0.02
    yield "fused-dynamic-extended", optimised(rounded, level), 0.02


def exported(module, makers, path):
    """The float file, and requests."""
    module.eval()
    rng = np.random.default_rng(7)
    requests = [{n: make(rng, rows) for n, make in makers.items()} for rows in ROWS]
    export(module, list(makers), requests[1], path, False, True)
    return requests


def operators(path):
    found = collections.Counter()
    for node in onnx.load(path).graph.node:
        if node.domain == "com.microsoft":
            found[node.op_type] += 1
    return ", ".join(f"{count} {name}" for name, count in sorted(found.items()))


def make(cases, options):
    config = BertConfig(
        hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS, intermediate_size=48,
        attn_implementation="eager", **SIZES,
    )  # fmt: skip
    torch.manual_seed(5)
    bert = States(BertModel(config)), {"input_ids": tokens, "attention_mask": mask}
    sources = {"bert": bert}
    for name in ("mmoe-einsum", "lstm", "lstm-both", "gru", "encoder", "wide", "din"):
        build, makers = MODULES[name]
        torch.manual_seed(11)
        sources[name] = build(), makers
    for name, (module, makers) in sources.items():
        if not cases.wants(f"ort-{name}*"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.onnx"
            requests = exported(module, makers, path)
            every = list(forms(path)) + (list(encoder_forms(path)) if name == "bert" else [])
            for label, file, tolerance in every:
                if cases.wants(f"ort-{name}.{label}"):
                    floats = onnx_runtime(path) if "dynamic" in label else None
                    cases.write(
                        f"ort-{name}.{label}", file, requests, onnx_runtime(file), tolerance,
                        floats=floats,
                    )  # fmt: skip
                    print(f"    {operators(file) or 'no com.microsoft operator'}", flush=True)
    for name, model, requests in handmade():
        if cases.wants(f"ort-{name}"):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "model.onnx"
                onnx.save(model, path)
                cases.write(f"ort-{name}", path, requests, onnx_runtime(path))


# ---- what no tool writes in every form --------------------------------------------------------


def weight(rng, name, *shape):
    return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32) / 2, name)


def model(nodes, inputs, outputs, weights):
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "forms", [info(*i) for i in inputs], [info(*o) for o in outputs], weights
    )
    made = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
    )
    made.ir_version = 9
    return made


def recurrences(rng, kind, gates):
    """A recurrent layer in each direction over sequences of different lengths."""
    states, width, steps = 5, 4, 6
    for direction in ("forward", "reverse", "bidirectional"):
        count = 2 if direction == "bidirectional" else 1
        node = helper.make_node(
            kind, ["steps", "w", "r", "b", "lengths"], ["y", "last"], hidden_size=states,
            direction=direction,
        )  # fmt: skip
        nodes = [
            helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
            node,
            helper.make_node("Transpose", ["last"], ["rows_first"], perm=[1, 0, 2]),
            helper.make_node("Flatten", ["rows_first"], ["state"]),
            helper.make_node("Transpose", ["y"], ["all"], perm=[2, 0, 1, 3]),
        ]
        weights = [
            weight(rng, "w", count, gates * states, width),
            weight(rng, "r", count, gates * states, states),
            weight(rng, "b", count, 2 * gates * states),
        ]
        inputs = [
            ("x", TensorProto.FLOAT, ["rows", steps, width]),
            ("lengths", TensorProto.INT32, ["rows"]),
        ]
        outputs = [
            ("state", TensorProto.FLOAT, ["rows", count * states]),
            ("all", TensorProto.FLOAT, ["rows", steps, count, states]),
        ]
        requests = [
            {
                "x": rng.standard_normal((rows, steps, width), dtype=np.float32),
                "lengths": rng.integers(1, steps + 1, rows, dtype=np.int32),
            }
            for rows in ROWS
        ]
        yield f"{kind.lower()}-{direction}", model(nodes, inputs, outputs, weights), requests


def fused_products(rng):
    """FusedMatMul with each of its transpositions and its factor, BiasGelu and FastGelu."""
    nodes = [
        helper.make_node(
            "FusedMatMul", ["x", "w"], ["h"], domain="com.microsoft", transB=1, alpha=0.5
        ),
        helper.make_node("BiasGelu", ["h", "b"], ["g"], domain="com.microsoft"),
        helper.make_node("FastGelu", ["g", "b"], ["f"], domain="com.microsoft"),
        helper.make_node("FusedMatMul", ["f", "f"], ["y"], domain="com.microsoft", transA=1),
    ]
    weights = [weight(rng, "w", 8, 6), weight(rng, "b", 8)]
    inputs = [("x", TensorProto.FLOAT, ["rows", 3, 6])]
    outputs = [("y", TensorProto.FLOAT, ["rows", 8, 8])]
    requests = [{"x": rng.standard_normal((rows, 3, 6), dtype=np.float32)} for rows in ROWS]
    yield "fused-products", model(nodes, inputs, outputs, weights), requests


def handmade():
    rng = np.random.default_rng(17)
    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        yield from recurrences(rng, kind, gates)
    yield from fused_products(rng)
