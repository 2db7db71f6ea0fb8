"""ONNX models as people's exporters write them, with inputs and the frameworks' own outputs.

Each model becomes a folder in ONNX's own test layout, with one set of data for 1, 7 and 64 rows:

    OUT/torch-mmoe.dynamo/model.onnx
    OUT/torch-mmoe.dynamo/test_data_set_0/input_0.pb, output_0.pb
    OUT/torch-mmoe.dynamo/case.txt           tolerance, context's inputs, rows it is frozen to

`swift test --filter InteropModelTests` with TANDEM_ONNX_MODELS=OUT imports and executes them all.
A family whose packages are not installed is left out, loudly.

    python Tests/Interop/onnx_models.py --out OUT [--only PATTERN] [--peers DIR] [--full]
"""

import argparse
import fnmatch
import importlib
import pathlib
import shutil
import sys
import traceback
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

ROWS = (1, 7, 64)
FAMILIES = ("peers", "torch", "encoders", "libraries", "runtime", "keras")
SMALL_VOCABULARY = 1000
# What cannot be imported yet, and the operator for which it is refused.
REFUSED = {
    "torch-gru-lengths-both.script": "TopK",
    "torch-gru-lengths-both.script-static": "TopK",
}


class Cases:
    """Where models go, and which are wanted."""

    def __init__(self, out, only):
        self.out, self.only, self.count = out, only, 0

    def wants(self, name):
        return fnmatch.fnmatch(name, self.only)

    def write(
        self, name, source, requests, run, tolerance=1e-4, context=(), frozen=None, floats=None
    ):
        """One folder: a model (a path or a model), requests by input name, and `run` of each.

        `frozen` is the number of rows that the model was exported with, if it takes no other;
        `floats` runs the float model that a quantised one was made of.
        """
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if isinstance(source, onnx.ModelProto):
            onnx.save(source, folder / "model.onnx")
        else:
            shutil.copy(source, folder / "model.onnx")
            external = pathlib.Path(f"{source}.data")
            if external.exists():
                shutil.copy(external, folder / external.name)
        graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
        weights = {t.name for t in graph.initializer}
        inputs = [i.name for i in graph.input if i.name not in weights]
        for number, request in enumerate(requests):
            data = folder / f"test_data_set_{number}"
            data.mkdir()
            outputs = [o.name for o in graph.output]
            kinds = [
                ("input", inputs, [request[n] for n in inputs]), ("output", outputs, run(request))
            ]  # fmt: skip
            if floats is not None:
                kinds.append(("float", outputs, floats(request)))
            for kind, names, values in kinds:
                for index, (tensor_name, value) in enumerate(zip(names, values, strict=True)):
                    tensor = numpy_helper.from_array(np.ascontiguousarray(value), tensor_name)
                    path = data / f"{kind}_{index}.pb"
                    path.write_bytes(tensor.SerializeToString())
        facts = [f"tolerance {tolerance}", f"context {','.join(context)}"]
        if frozen is not None:
            facts.append(f"frozen {frozen}")
        if name in REFUSED:
            facts.append(f"refused {REFUSED[name]}")
        (folder / "case.txt").write_text("\n".join(facts) + "\n")
        self.count += 1
        print(f"{name}: {len(graph.node)} nodes", flush=True)


def onnx_runtime(path, optimised=True):
    """A function from a request to the outputs that ONNX Runtime computes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda request: session.run(None, request)


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="*", help="a pattern of names, such as 'torch-*'")
    parser.add_argument("--peers", type=pathlib.Path, help="the folder of models.py")
    parser.add_argument("--full", action="store_true", help="full embedding tables (gigabytes)")
    options = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    cases = Cases(options.out, options.only)
    failures = []
    for family in FAMILIES:
        try:
            importlib.import_module(f"onnx_models_{family}").make(cases, options)
        except ImportError as error:
            print(f"LEFT OUT: {family}: {error}", flush=True)
        except Exception:
            traceback.print_exc()
            failures.append(family)
    print(f"{cases.count} models in {options.out}")
    if failures:
        sys.exit(f"failed: {', '.join(failures)}")


if __name__ == "__main__":
    main()
