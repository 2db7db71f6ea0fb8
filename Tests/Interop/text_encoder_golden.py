"""Writes Tests/Golden/text-encoder: a tiny text encoder in ONNX, and what it answers.

The mean of the tokens' rows of a table, for ToolTextTests; its tokeniser is the small uncased
one of Tests/Golden/text. `vectors.txt` has the answer to each line of `texts.txt`, computed with
NumPy from the ids of the `tokenizers` package.

    .build/interop/bin/python Tests/Interop/text_encoder_golden.py Tests/Golden/text-encoder
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

LENGTH, WIDTH = 12, 8
TEXTS = ["Where is my order?", "I want to CANCEL it", "Café crème 中文", "late " * 30, "?", "zzz"]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(folder.parent / "text/word-piece-uncased/tokenizer.json"))
    rows = tokenizer.get_vocab_size()
    table = np.random.default_rng(4).normal(size=(rows, WIDTH)).astype(np.float32)
    shape = ["batch", LENGTH]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["real", "last"], ["mask"]),
        helper.make_node("Mul", ["rows", "mask"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "first"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "first"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes, "words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape)
         for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", WIDTH])],
        [numpy_helper.from_array(table, "table"),
         numpy_helper.from_array(np.array([2]), "last"),
         numpy_helper.from_array(np.array([1]), "first")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "encoder.onnx")
    tokenizer.enable_truncation(LENGTH)
    with open(folder / "vectors.txt", "w") as out:
        for text in TEXTS:
            mean = table[tokenizer.encode(text).ids].mean(0)
            out.write(" ".join(f"{value:.6f}" for value in mean) + "\n")
    (folder / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
