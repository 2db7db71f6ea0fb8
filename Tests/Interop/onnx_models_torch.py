"""Modules as people write them in PyTorch, through both of its exporters."""

import pathlib
import tempfile

import numpy as np
import torch
from onnx_models import ROWS
from torch import nn


class Wide(nn.Module):
    """One input a feature, concatenated with numbers, through batch norm and dropout."""

    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(50, 4) for _ in range(3))
        self.net = nn.Sequential(
            nn.Linear(14, 16), nn.BatchNorm1d(16), nn.PReLU(), nn.Dropout(0.3), nn.Linear(16, 8),
            nn.LeakyReLU(), nn.LayerNorm(8), nn.Linear(8, 1),
        )  # fmt: skip

    def forward(self, a, b, c, dense):
        parts = [t(x) for t, x in zip(self.tables, (a, b, c))]
        return torch.sigmoid(self.net(torch.cat([*parts, dense], 1))).squeeze(-1)


class Gated(nn.Module):
    """MMoE over one matrix of ids; the mixture by einsum, matmul or a sum."""

    def __init__(self, mixture):
        super().__init__()
        self.mixture = mixture
        self.table = nn.Embedding(100, 4)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(26, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
            for _ in range(4)
        )
        self.gates = nn.ModuleList(nn.Linear(26, 4, bias=False) for _ in range(2))
        self.towers = nn.ModuleList(
            nn.Sequential(nn.Linear(8, 4), nn.GELU(), nn.Linear(4, 1)) for _ in range(2)
        )

    def forward(self, sparse, dense):
        x = torch.cat([self.table(sparse).flatten(1), dense], 1)
        experts = torch.stack([e(x) for e in self.experts], 1)
        outputs = []
        for gate, tower in zip(self.gates, self.towers):
            weights = torch.softmax(gate(x), -1)
            if self.mixture == "einsum":
                mixed = torch.einsum("be,bed->bd", weights, experts)
            elif self.mixture == "matmul":
                mixed = torch.matmul(weights.unsqueeze(1), experts).squeeze(1)
            else:
                mixed = (weights.unsqueeze(-1) * experts).sum(1)
            outputs.append(torch.sigmoid(tower(mixed)))
        return tuple(outputs)


class Crossed(nn.Module):
    """DCN-v2: crosses beside a deep part."""

    def __init__(self):
        super().__init__()
        self.crosses = nn.ModuleList(nn.Linear(12, 12) for _ in range(3))
        self.deep = nn.Sequential(nn.Linear(12, 16), nn.SiLU(), nn.Linear(16, 8), nn.Softplus())
        self.head = nn.Linear(20, 1)

    def forward(self, dense):
        x = dense
        for cross in self.crosses:
            x = dense * cross(x) + x
        return torch.sigmoid(self.head(torch.cat([x, self.deep(dense)], -1)))


class Pooled(nn.Module):
    """A masked mean of a history's embeddings, and DIN's attention of a target over it."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(80, 8, padding_idx=0)
        self.unit = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
        self.head = nn.Linear(24, 1)

    def forward(self, history, target):
        keys, query = self.table(history), self.table(target).unsqueeze(1)
        mask = (history != 0).unsqueeze(-1)
        mean = (keys * mask).sum(1) / mask.sum(1).clamp(min=1)
        wide = query.expand(-1, keys.shape[1], -1)
        scores = self.unit(torch.cat([wide, keys, wide - keys, wide * keys], -1))
        scores = scores.masked_fill(~mask, -1e9)
        interest = (torch.softmax(scores, 1) * keys).sum(1)
        return torch.sigmoid(self.head(torch.cat([mean, interest, query.squeeze(1)], -1)))


class Bagged(nn.Module):
    """EmbeddingBag, by sum and mean."""

    def __init__(self):
        super().__init__()
        self.bags = nn.ModuleList(nn.EmbeddingBag(60, 6, mode=mode) for mode in ("sum", "mean"))
        self.head = nn.Linear(12, 1)

    def forward(self, ids):
        return self.head(torch.cat([bag(ids) for bag in self.bags], -1))


class Recurrent(nn.Module):
    """Tokens through a recurrent layer into two heads."""

    def __init__(self, kind, bidirectional=False, batch_first=True):
        super().__init__()
        self.kind, self.batch_first = kind, batch_first
        self.table = nn.Embedding(90, 8)
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.layer = layer(8, 6, batch_first=batch_first, bidirectional=bidirectional)
        width = 12 if bidirectional else 6
        self.binary, self.classes = nn.Linear(width, 1), nn.Linear(width, 5)

    def forward(self, tokens):
        x = self.table(tokens)
        states, _ = self.layer(x if self.batch_first else x.transpose(0, 1))
        last = states[:, -1] if self.batch_first else states[-1]
        return torch.sigmoid(self.binary(last)), torch.softmax(self.classes(last), -1)


class Packed(nn.Module):
    """Tokens of different lengths, packed as PyTorch does it, into the last state of each."""

    def __init__(self, kind, layers=1, bidirectional=False):
        super().__init__()
        self.table = nn.Embedding(90, 8)
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.layer = layer(8, 6, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(12 if bidirectional else 6, 1)

    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.table(tokens), lengths, batch_first=True, enforce_sorted=False
        )
        _, last = self.layer(packed)
        last = last[0] if isinstance(last, tuple) else last
        size = 2 if self.layer.bidirectional else 1
        return torch.sigmoid(self.head(last[-size:].transpose(0, 1).flatten(1)))


class Convolved(nn.Module):
    """A text CNN with windows of two widths."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(90, 8)
        self.convolutions = nn.ModuleList(nn.Conv1d(8, 6, k, padding=k // 2) for k in (3, 5))
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        x = self.table(tokens).transpose(1, 2)
        parts = [torch.relu(c(x)).amax(-1) for c in self.convolutions]
        return torch.log_softmax(self.head(torch.cat(parts, -1)), -1)


class Attending(nn.Module):
    """A transformer encoder with a padding mask."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(90, 16)
        self.layer = nn.TransformerEncoderLayer(
            16, 4, 32, dropout=0.1, activation="gelu", batch_first=True
        )
        self.head = nn.Linear(16, 1)

    def forward(self, tokens):
        x = self.layer(self.table(tokens), src_key_padding_mask=tokens == 0)
        return torch.sigmoid(self.head(x.mean(1)))


def ids(high, *shape, low=0):
    return lambda rng, rows: rng.integers(low, high, (rows, *shape), dtype=np.int64)


def numbers(*shape):
    return lambda rng, rows: rng.standard_normal((rows, *shape), dtype=np.float32)


def lengths(rng, rows):
    return rng.integers(1, 11, rows, dtype=np.int64)


def history(rng, rows):
    values = rng.integers(1, 80, (rows, 9), dtype=np.int64)
    values[np.arange(9) >= rng.integers(1, 10, (rows, 1))] = 0
    return values


MODULES = {
    "wide": (Wide, {"a": ids(50), "b": ids(50), "c": ids(50), "dense": numbers(2)}),
    "mmoe-einsum": (lambda: Gated("einsum"), {"sparse": ids(100, 5), "dense": numbers(6)}),
    "mmoe-matmul": (lambda: Gated("matmul"), {"sparse": ids(100, 5), "dense": numbers(6)}),
    "mmoe-sum": (lambda: Gated("sum"), {"sparse": ids(100, 5), "dense": numbers(6)}),
    "dcn": (Crossed, {"dense": numbers(12)}),
    "din": (Pooled, {"history": history, "target": ids(80, low=1)}),
    "bag": (Bagged, {"ids": ids(60, 7)}),
    "lstm": (lambda: Recurrent("lstm"), {"tokens": ids(90, 10)}),
    "lstm-both": (lambda: Recurrent("lstm", bidirectional=True), {"tokens": ids(90, 10)}),
    "gru": (lambda: Recurrent("gru", batch_first=False), {"tokens": ids(90, 10)}),
    "gru-both": (lambda: Recurrent("gru", bidirectional=True), {"tokens": ids(90, 10)}),
    "lstm-lengths": (lambda: Packed("lstm"), {"tokens": ids(90, 10), "lengths": lengths}),
    "gru-lengths-both": (
        lambda: Packed("gru", layers=2, bidirectional=True),
        {"tokens": ids(90, 10), "lengths": lengths},
    ),
    "cnn": (Convolved, {"tokens": ids(90, 10)}),
    "encoder": (Attending, {"tokens": history}),
}


def export(module, names, example, path, dynamo, dynamic):
    """Exports by one of the two exporters, with or without a free number of rows."""
    arguments = tuple(torch.from_numpy(example[n]) for n in names)
    options = {"input_names": names, "opset_version": 18 if dynamo else 17, "dynamo": dynamo}
    if dynamic and dynamo:
        rows = torch.export.Dim("rows", min=1, max=4096)
        options["dynamic_shapes"] = tuple({0: rows} for _ in names)
    elif dynamic:
        options["dynamic_axes"] = {n: {0: "rows"} for n in names}
    torch.onnx.export(module, arguments, str(path), verbose=False, **options)


def both_exporters(cases, name, module, makers, static=True):
    """A module by both exporters, dynamic and static, checked against the module itself."""
    module.eval()
    rng = np.random.default_rng(7)
    requests = [{n: make(rng, rows) for n, make in makers.items()} for rows in ROWS]

    def run(request):
        with torch.no_grad():
            results = module(*(torch.from_numpy(request[n]) for n in makers))
        results = results if isinstance(results, (tuple, list)) else [results]
        return [r.numpy() for r in results]

    for dynamo in (False, True):
        for dynamic in (True, False) if static else (True,):
            label = f"{name}.{'dynamo' if dynamo else 'script'}{'' if dynamic else '-static'}"
            if not cases.wants(label):
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "model.onnx"
                try:
                    export(module, list(makers), requests[1], path, dynamo, dynamic)
                except Exception as error:  # The exporter's own limits are not ours.
                    reason = str(error).strip().splitlines()
                    print(f"NOT EXPORTED: {label}: {reason[0] if reason else error!r}", flush=True)
                    continue
                frozen = None if dynamic else ROWS[1]
                cases.write(label, path, requests, run, frozen=frozen)


def make(cases, options):
    for name, (build, makers) in MODULES.items():
        torch.manual_seed(11)
        module = build()
        with torch.no_grad():
            for layer in module.modules():
                if isinstance(layer, nn.BatchNorm1d):
                    layer.running_mean.normal_()
                    layer.running_var.uniform_(0.5, 2)
        both_exporters(cases, f"torch-{name}", module, makers)
