"""The reference models that the comparison with other engines uses, in all their forms.

Their builder is `models.py` in the folder given by --peers. Embedding tables are small unless
--full is given, which changes no node. The int8 files are by ONNX Runtime's own quantiser.
"""

import sys
import tempfile
import pathlib

import onnx
from onnx_models import ROWS, SMALL_VOCABULARY, onnx_runtime

CONTEXT = ("ctx_sparse", "ctx_dense")
TILED_CONTEXT = ("sparse[0:28]", "dense[0:8]")


def make(cases, options):
    """Writes the models; fp32 against ONNX Runtime within 1e-4, int8 forms within 0.02."""
    if options.peers is None:
        raise ImportError("no --peers folder is given")
    sys.path.insert(0, str(options.peers))
    import models

    if not options.full:
        models.VOCAB = SMALL_VOCABULARY
    specs = dict(models.SPECS)
    for name in ("shared_bottom", "mmoe", "ple", "esmm"):
        for form in ("tiled", "opt"):
            label = f"{name}.{form}"
            specs.setdefault(
                label, models.Spec(label, "rank", models.SPECS[name].define, form)
            )
    for name, spec in specs.items():
        if not cases.wants(f"peers-{name}") or name == "floor":
            continue
        with tempfile.TemporaryDirectory() as folder:

            def path(kind, folder=folder, name=name):
                return pathlib.Path(folder) / f"{name}.{kind}.onnx"

            onnx.save(models.OnnxBuilder(spec).model(), path("fp32"))
            exported = path("exported")
            exported.write_bytes(path("fp32").read_bytes())
            models.quantise(spec, path)
            rows = ROWS if spec.kind != "text" else (1, 3)
            requests = [models.requests(spec, count, 1)[0] for count in rows]
            context = ()
            if spec.kind == "rank":
                context = TILED_CONTEXT if spec.form == "tiled" else CONTEXT
            kinds = ["exported", "static", "all", "dynamic"]
            if spec.kind == "text":
                kinds.append("fp32")
            for kind in kinds:
                if not path(kind).exists():
                    continue
                is_float = kind in ("exported", "fp32")
                label = {"exported": "fp32", "fp32": "fused"}.get(kind, kind)
                cases.write(
                    f"peers-{name}.{label}",
                    path(kind),
                    requests,
                    onnx_runtime(path(kind)),
                    tolerance=1e-4 if is_float else 0.02,
                    floats=None if is_float else onnx_runtime(exported),
                    context=context,
                )
