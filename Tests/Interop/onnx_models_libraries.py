"""The multi-task models of torch-rechub and DeepCTR-Torch."""

import numpy as np
import torch
from onnx_models_torch import both_exporters

EXPERT = {"dims": [16, 8], "activation": "relu", "dropout": 0.2}
TOWER = {"dims": [8], "activation": "relu"}
TASKS = ["classification", "classification"]


class ByName(torch.nn.Module):
    """Takes features as arguments where the library takes a dictionary."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *values):
        return self.model(dict(zip(self.names, values)))


def rechub(cases):
    from torch_rechub.basic.features import DenseFeature, SparseFeature
    from torch_rechub.models.multi_task import AITM, ESMM, MMOE, PLE, SharedBottom

    sparse = [SparseFeature(f"s{i}", vocab_size=40, embed_dim=4) for i in range(4)]
    dense = [DenseFeature(f"d{i}") for i in range(2)]
    features = sparse + dense
    models = {
        "shared-bottom": (SharedBottom(features, TASKS, EXPERT, [TOWER] * 2), features),
        "mmoe": (MMOE(features, TASKS, 3, EXPERT, [TOWER] * 2), features),
        "ple": (PLE(features, TASKS, 2, 2, 1, EXPERT, [TOWER] * 2), features),
        "aitm": (AITM(features, 2, EXPERT, [TOWER] * 2), features),
        "esmm": (ESMM(sparse[:2], sparse[2:], TOWER, TOWER), sparse),
    }
    for name, (model, used) in models.items():
        makers = {}
        for feature in used:
            if isinstance(feature, SparseFeature):
                makers[feature.name] = lambda rng, n: rng.integers(0, 40, n, dtype=np.int64)
            else:
                makers[feature.name] = lambda rng, n: rng.random(n, dtype=np.float32)
        both_exporters(
            cases, f"rechub-{name}", ByName(model, list(makers)), makers, static=False
        )


def deepctr(cases):
    from deepctr_torch.inputs import DenseFeat, SparseFeat
    from deepctr_torch.models import ESMM, MMOE, PLE, SharedBottom

    columns = [SparseFeat(f"s{i}", 40, embedding_dim=4) for i in range(4)]
    columns += [DenseFeat("d", 3)]
    models = {"shared-bottom": SharedBottom, "mmoe": MMOE, "ple": PLE, "esmm": ESMM}

    def rows(rng, count):
        ids = rng.integers(0, 40, (count, 4)).astype(np.float32)
        return np.concatenate([ids, rng.random((count, 3), dtype=np.float32)], 1)

    for name, build in models.items():
        model = build(columns, device="cpu")
        both_exporters(cases, f"deepctr-{name}", model, {"features": rows}, static=False)


def make(cases, options):
    torch.manual_seed(3)
    missing = []
    for family in (rechub, deepctr):
        try:
            family(cases)
        except ImportError as error:
            missing.append(f"{family.__name__}: {error}")
    if missing:
        raise ImportError("; ".join(missing))
