#!/usr/bin/env python3
"""Loads the weights of a package as safetensors and ONNX Runtime have them, beside tandem-bench.

    load_peers.py --bench .build/release/tandem-bench --package PACKAGE --export EXPORTED

EXPORTED is what `tandem inspect PACKAGE --export` wrote. The same tensors are stored as a
safetensors file and as an ONNX model with external data, and each is loaded from the page cache
`--rounds` times, in turn with the others; medians. Needs numpy, safetensors, onnx, onnxruntime.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime
from safetensors import safe_open
from safetensors.numpy import save_file


def external(name, array, file):
    """An initializer whose bytes are appended to a file: a message cannot hold 2 GiB."""
    file.seek(0, 2)
    file.write(bytes(-file.tell() % 4096))
    tensor = onnx.TensorProto(name=name, dims=array.shape,
                              data_type=onnx.helper.np_dtype_to_tensor_dtype(array.dtype),
                              data_location=onnx.TensorProto.EXTERNAL)
    for key, value in [("location", pathlib.Path(file.name).name), ("offset", file.tell()),
                       ("length", array.nbytes)]:
        tensor.external_data.add(key=key, value=str(value))
    array.tofile(file)
    return tensor


def onnx_model(arrays, folder):
    """A graph that looks one row up in each table, so that no initializer is left out."""
    inputs = [onnx.helper.make_tensor_value_info("id", onnx.TensorProto.INT64, [1])]
    nodes, outputs, initializers = [], [], []
    with open(folder / "weights.bin", "wb") as file:
        for index, (name, array) in enumerate(arrays.items()):
            initializers.append(external(name, array, file))
            nodes.append(onnx.helper.make_node("Gather", [name, "id"], [f"out{index}"], axis=0))
            outputs.append(onnx.helper.make_tensor_value_info(
                f"out{index}", initializers[-1].data_type, None))
    graph = onnx.helper.make_graph(nodes, "weights", inputs, outputs, initializers)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    path = folder / "weights.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def load_safetensors(path):
    """Read and touched: a mapping that nobody has read yet is not loaded."""
    with safe_open(str(path), framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    bytes_of = [tensor.view(numpy.uint8).reshape(-1) for tensor in tensors.values()]
    return sum(int(one[::4096].sum()) for one in bytes_of)


def load_onnx(path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    session.run(None, {"id": numpy.zeros(1, numpy.int64)})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--export", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arrays = {path.stem: numpy.load(path) for path in sorted(arguments.export.glob("*.npy"))}
    total = sum(array.nbytes for array in arrays.values())
    with tempfile.TemporaryDirectory(dir=arguments.export) as name:
        folder = pathlib.Path(name)
        save_file(arrays, str(folder / "weights.safetensors"))
        model = onnx_model(arrays, folder)
        del arrays
        samples = {"safetensors": [], "ONNX Runtime": []}
        for _ in range(arguments.rounds):
            for what, load, path in [
                    ("safetensors", load_safetensors, folder / "weights.safetensors"),
                    ("ONNX Runtime", load_onnx, model)]:
                start = time.monotonic()
                load(path)
                samples[what].append(time.monotonic() - start)
    sys.stdout.flush()
    ours = subprocess.run(
        [arguments.bench, "load", arguments.package, "--rounds", str(arguments.rounds)])
    for what, seconds in samples.items():
        median = sorted(seconds)[len(seconds) // 2]
        print(f"{what}: {median:.3f} s, {total / median / 1e9:.2f} GB/s, unchecked, uncompressed")
    sys.exit(ours.returncode)


if __name__ == "__main__":
    main()
