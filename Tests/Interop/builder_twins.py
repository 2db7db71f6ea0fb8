"""Writes Tests/Golden/builders: PyTorch twins of the architectures that Tandem builds.

Each twin is written as people write it in PyTorch, and exported by both exporters. Its parameters
follow a formula that `BuilderTwinTests` knows too, from the names that Tandem's builders give them,
so that the twin and the built graph are one model: the imported file must have the built graph's
content hash, and the built graph must answer what PyTorch answers for the rows in `answers.json`.

    python Tests/Interop/builder_twins.py Tests/Golden/builders

needs torch, onnx and onnxscript. Without an exporter, its files are not written.
"""

import argparse
import json
import pathlib
import shutil
import warnings

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

MASK64 = (1 << 64) - 1
ROWS = 5


def random_numbers(seed, name):
    """xoshiro256** seeded by splitmix64 from the seed and the name's FNV-1a; uniform in 0 ... 1."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = ((hashed ^ byte) * 0x100000001B3) & MASK64
    mixer, state = (seed + hashed) & MASK64, []
    for _ in range(4):
        mixer = (mixer + 0x9E3779B97F4A7C15) & MASK64
        z = ((mixer ^ (mixer >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
        state.append(z ^ (z >> 31))

    def rotated(value, count):
        return ((value << count) | (value >> (64 - count))) & MASK64

    while True:
        result = (rotated((state[1] * 5) & MASK64, 7) * 9) & MASK64
        shifted = (state[1] << 17) & MASK64
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotated(state[3], 45)
        yield (result >> 40) * 2.0**-24


def values(name, *shape):
    """The parameter of that name: numbers in -0.5 ... 0.5."""
    source, count = random_numbers(7, name), int(np.prod(shape))
    flat = np.array([next(source) for _ in range(count)], np.float32) - np.float32(0.5)
    return torch.from_numpy(flat.reshape(shape))


def linear(name, inputs, outputs, bias=True):
    layer = nn.Linear(inputs, outputs, bias=bias)
    layer.weight.data = values(f"{name}/weight", outputs, inputs)
    if bias:
        layer.bias.data = values(f"{name}/bias", outputs)
    return layer


def stack(name, inputs, widths):
    """Linear layers with rectifiers, numbered."""
    layers = []
    for index, width in enumerate(widths):
        layers += [linear(f"{name}{index}", inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers)


def table(name, count, width):
    layer = nn.Embedding(count, width)
    layer.weight.data = values(f"embedding/{name}/table", count, width)
    return layer


def norm(name, width):
    layer = nn.LayerNorm(width, eps=1e-5)
    layer.weight.data = values(f"{name}/gamma", width)
    layer.bias.data = values(f"{name}/beta", width)
    return layer


class Towers(nn.Module):
    """A tower and a sigmoid head for each of two tasks."""

    def __init__(self, width, layers):
        super().__init__()
        self.towers = nn.ModuleList(
            nn.Sequential(
                *stack(f"task/{task}/tower", width, layers),
                linear(f"task/{task}/head", layers[-1] if layers else width, 1),
            )
            for task in ("click", "buy")
        )

    def forward(self, click, buy):
        return tuple(torch.sigmoid(t(x)) for t, x in zip(self.towers, (click, buy)))


class Tabular(nn.Module):
    """Numbers and embeddings of both sides, as one vector 13 wide."""

    inputs = ("context.dense", "user", "candidate.dense", "item")
    context = ("context.dense", "user")
    width = 13

    def __init__(self):
        super().__init__()
        self.user, self.item = table("user", 11, 4), table("item", 13, 4)

    def joined(self, context, user, candidate, item):
        return torch.cat([context, self.user(user), candidate, self.item(item)], -1)

    @staticmethod
    def rows(random):
        user = random.integers(0, 11, 1)
        return {
            "context.dense": np.tile(random.standard_normal((1, 2), dtype=np.float32), (ROWS, 1)),
            "user": np.tile(user, ROWS),
            "candidate.dense": random.standard_normal((ROWS, 3), dtype=np.float32),
            "item": random.integers(0, 13, ROWS),
        }


class SharedBottom(Tabular):
    def __init__(self):
        super().__init__()
        self.bottom = stack("trunk/bottom", self.width, [6, 5])
        self.heads = Towers(5, [4])

    def forward(self, *features):
        x = self.bottom(self.joined(*features))
        return self.heads(x, x)


class Gate(nn.Module):
    """A softmax over experts; the mixture in one of its spellings."""

    def __init__(self, name, inputs, experts, spelling="matmul"):
        super().__init__()
        self.gate, self.spelling = linear(f"{name}gate", inputs, experts), spelling

    def forward(self, selector, experts):
        weights = torch.softmax(self.gate(selector), -1)
        if self.spelling == "terms":
            return sum(weights[:, i : i + 1] * expert for i, expert in enumerate(experts))
        experts = torch.stack(experts, 1)
        if self.spelling == "einsum":
            return torch.einsum("be,bed->bd", weights, experts)
        if self.spelling == "sum":
            return (weights.unsqueeze(-1) * experts).sum(1)
        return torch.bmm(weights.unsqueeze(1), experts).squeeze(1)


class MMoE(Tabular):
    def __init__(self, spelling="matmul"):
        super().__init__()
        self.experts = nn.ModuleList(
            stack(f"trunk/expert{i}/layer", self.width, [6, 5]) for i in range(3)
        )
        self.gates = nn.ModuleList(
            Gate(f"task/{t}/", self.width, 3, spelling) for t in ("click", "buy")
        )
        self.heads = Towers(5, [4])

    def forward(self, *features):
        x = self.joined(*features)
        experts = [expert(x) for expert in self.experts]
        return self.heads(*(gate(x, experts) for gate in self.gates))


class PLE(Tabular):
    """Two levels, two shared experts and one a task; see ProgressiveExtraction."""

    def __init__(self):
        super().__init__()
        tasks = ("click", "buy")
        self.own, self.common = nn.ModuleList(), nn.ModuleList()
        self.gates, self.shared_gates = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate((self.width, 5)):
            self.own.append(
                nn.ModuleList(
                    stack(f"task/{t}/level{level}/expert0/layer", width, [5]) for t in tasks
                )
            )
            self.common.append(
                nn.ModuleList(
                    stack(f"trunk/level{level}/expert{i}/layer", width, [5]) for i in range(2)
                )
            )
            self.gates.append(
                nn.ModuleList(Gate(f"task/{t}/level{level}/", width, 3, "sum") for t in tasks)
            )
        self.shared_gates.append(Gate("trunk/level0/", self.width, 4, "sum"))
        self.heads = Towers(5, [4])

    def forward(self, *features):
        x = self.joined(*features)
        states, shared = [x, x], x
        for level in range(2):
            own = [expert(s) for expert, s in zip(self.own[level], states)]
            common = [expert(shared) for expert in self.common[level]]
            states = [
                gate(s, [o, *common]) for gate, s, o in zip(self.gates[level], states, own)
            ]
            if level == 0:
                shared = self.shared_gates[0](shared, [*own, *common])
        return self.heads(*states)


class ESMM(Tabular):
    """Embeddings shared, two towers; what is served is each task's own probability."""

    def __init__(self):
        super().__init__()
        self.heads = Towers(self.width, [6])

    def forward(self, *features):
        x = self.joined(*features)
        return self.heads(x, x)


class AITM(Tabular):
    def __init__(self):
        super().__init__()
        self.stacks = nn.ModuleList(
            stack(f"task/{t}/layer", self.width, [6]) for t in ("click", "buy")
        )
        self.transfer = nn.Sequential(linear("task/buy/transfer", 6, 6), nn.ReLU())
        for part in ("key", "query", "value"):
            setattr(self, part, linear(f"task/buy/{part}", 6, 6, bias=False))
        self.heads = Towers(6, [4])

    def forward(self, *features):
        x = self.joined(*features)
        click, own = (stack(x) for stack in self.stacks)
        pair = torch.stack([self.transfer(click), own], 1)
        scores = (self.key(pair) * self.query(pair)).sum(-1) / np.sqrt(6.0)
        weights = torch.softmax(scores, -1).unsqueeze(-1)
        return self.heads(click, (weights * self.value(pair)).sum(1))


class CrossStitch(Tabular):
    def __init__(self):
        super().__init__()
        tasks, self.layers = ("click", "buy"), nn.ModuleList()
        for level, (inputs, width) in enumerate(((self.width, 6), (6, 5))):
            self.layers.append(
                nn.ModuleList(linear(f"task/{t}/layer{level}", inputs, width) for t in tasks)
            )
            for task in tasks:
                shares = nn.Parameter(values(f"task/{task}/stitch{level}/shares", 2))
                self.register_parameter(f"{task}{level}", shares)
        self.heads = Towers(5, [])

    def forward(self, *features):
        x = self.joined(*features)
        states = [x, x]
        for level, layers in enumerate(self.layers):
            both = torch.stack([F.relu(l(s)) for l, s in zip(layers, states)], 1)
            states = [
                (getattr(self, f"{task}{level}").unsqueeze(-1) * both).sum(1)
                for task in ("click", "buy")
            ]
        return self.heads(*states)


class DCN(Tabular):
    def __init__(self, stacked):
        super().__init__()
        self.stacked = stacked
        self.crosses = nn.ModuleList(
            linear(f"trunk/cross{i}", self.width, self.width) for i in range(2)
        )
        self.deep = stack("trunk/deep", self.width, [6])
        self.heads = Towers(6 if stacked else 19, [4])

    def forward(self, *features):
        first = x = self.joined(*features)
        for cross in self.crosses:
            x = first * cross(x) + x
        x = self.deep(x) if self.stacked else torch.cat([x, self.deep(first)], -1)
        return self.heads(x, x)


def mask_of(length, count):
    return (torch.arange(count) < length.unsqueeze(-1)).float()


class Sequence(nn.Module):
    """Ids `[S]` of a history of the user's, padded with 0, and its length."""

    inputs = ("history", "history.length")
    context = ()
    count = 6

    def __init__(self, width):
        super().__init__()
        self.table = table("history", 20, width)

    @classmethod
    def rows(cls, random):
        # Sorted, as the packing of PyTorch wants it while it is traced.
        lengths = np.sort(np.concatenate([[cls.count, 1], random.integers(1, 7, ROWS - 2)]))[::-1]
        ids = random.integers(0, 20, (ROWS, cls.count))
        ids[np.arange(cls.count) >= lengths[:, None]] = 0
        return {"history": ids, "history.length": lengths.astype(np.int64).copy()}


class Pool(Sequence):
    """The sum or the mean of a list's embeddings up to its length."""

    def __init__(self, mean, divisor="mask"):
        super().__init__(4)
        self.mean, self.divisor = mean, divisor
        self.heads = Towers(4, [4])

    def forward(self, history, length):
        mask = mask_of(length, self.count)
        x = (self.table(history) * mask.unsqueeze(-1)).sum(1)
        if self.mean and self.divisor == "mask":
            x = x / mask.sum(1, keepdim=True).clamp(min=1.0)
        elif self.mean:
            x = x / length.float().clamp(min=1.0).unsqueeze(-1)
        return self.heads(x, x)


class DIN(Sequence):
    inputs = ("history", "history.length", "item")

    def __init__(self, normalized):
        super().__init__(4)
        self.normalized = normalized
        self.item = table("item", 13, 4)
        self.unit = nn.Sequential(
            *stack("embedding/history/unit", 16, [5]), linear("embedding/history/score", 5, 1)
        )
        self.heads = Towers(8, [4])

    def forward(self, history, length, item):
        keys, target = self.table(history), self.item(item)
        wide = target.unsqueeze(1).expand(-1, self.count, -1)
        scores = self.unit(torch.cat([wide, keys, wide - keys, wide * keys], -1)).squeeze(-1)
        mask = mask_of(length, self.count)
        if self.normalized:
            scores = torch.softmax(scores + (1 - mask) * -1e9, -1)
        interest = ((scores * mask).unsqueeze(-1) * keys).sum(1)
        x = torch.cat([interest, target], -1)
        return self.heads(x, x)

    @classmethod
    def rows(cls, random):
        return super().rows(random) | {"item": random.integers(0, 13, ROWS)}


class Recurrent(Sequence):
    """Embedding, LSTM or GRU over packed sequences, a sigmoid of 1 and a softmax of 5."""

    tasks = ("click", "class")

    def __init__(self, kind):
        super().__init__(4)
        order = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2)}[kind]
        gates = len(order)
        self.layer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind](4, 5, batch_first=True)

        def turned(tensor):
            return tensor.reshape(gates, 5, -1)[list(order)].reshape(tensor.shape)

        name = "embedding/history"
        bias = values(f"{name}/bias", 2 * gates * 5)
        self.layer.weight_ih_l0.data = turned(values(f"{name}/input/weight", gates * 5, 4))
        self.layer.weight_hh_l0.data = turned(values(f"{name}/state/weight", gates * 5, 5))
        self.layer.bias_ih_l0.data = turned(bias[: gates * 5])
        self.layer.bias_hh_l0.data = turned(bias[gates * 5 :])
        self.kind = kind
        self.click, self.classes = linear("task/click/head", 5, 1), linear("task/class/head", 5, 5)

    def forward(self, history, length):
        packed = nn.utils.rnn.pack_padded_sequence(self.table(history), length, batch_first=True)
        # Written out: PyTorch 2.15 fails to export the packing where the states are left to it.
        zeros = torch.zeros(1, history.shape[0], 5)
        state = (zeros, zeros) if self.kind == "lstm" else zeros
        last = self.layer(packed, state)[1]
        last = (last[0] if self.kind == "lstm" else last)[-1]
        return torch.sigmoid(self.click(last)), torch.softmax(self.classes(last), -1)


class Encoder(Sequence):
    """Two blocks of BERT's over 8 wide embeddings; the mean of the states, or a class vector's."""

    def __init__(self, answer):
        super().__init__(8)
        self.answer, name = answer, "embedding/history"
        count = self.count + (answer == "class")
        self.places = nn.Parameter(values(f"{name}/places", count, 8))
        self.first = nn.Parameter(values(f"{name}/class", 1, 8))
        self.norm = norm(f"{name}/norm", 8)
        self.blocks = nn.ModuleList()
        for index in range(2):
            block = f"{name}/block{index}"
            layers = {
                part: linear(f"{block}/{part}", 8, 8)
                for part in ("query", "key", "value", "project")
            }
            layers["middle"] = norm(f"{block}/attention/norm", 8)
            layers["up"], layers["down"] = (
                linear(f"{block}/up", 8, 12),
                linear(f"{block}/down", 12, 8),
            )
            layers["norm"] = norm(f"{block}/norm", 8)
            self.blocks.append(nn.ModuleDict(layers))
        self.heads = Towers(8, [4])

    def forward(self, history, length):
        x = self.table(history)
        if self.answer == "class":
            first = self.first.unsqueeze(0).expand(x.shape[0], -1, -1)
            x = torch.cat([first, x], 1)
        x = self.norm(x + self.places)
        count = x.shape[1]
        # The class vector is one position more that counts.
        positions, end = torch.arange(count), length.unsqueeze(-1)
        mask = (positions <= end if self.answer == "class" else positions < end).float()
        penalty = ((1 - mask) * -1e9).unsqueeze(1).unsqueeze(1)
        for block in self.blocks:
            query, key, value = (
                block[part](x).view(-1, count, 2, 4).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            scores = torch.matmul(query, key.transpose(-1, -2)) / 2.0 + penalty
            attended = torch.matmul(torch.softmax(scores, -1), value)
            attended = attended.transpose(1, 2).reshape(-1, count, 8)
            x = block["middle"](x + block["project"](attended))
            x = block["norm"](x + block["down"](F.gelu(block["up"](x))))
        if self.answer == "class":
            x = x[:, 0]
        else:
            total = (mask.unsqueeze(-1) * x).sum(1)
            x = total / mask.sum(1, keepdim=True).clamp(min=1.0)
        return self.heads(x, x)


TWINS = {
    "shared-bottom": SharedBottom,
    "mmoe": MMoE,
    "mmoe-einsum": lambda: MMoE("einsum"),
    "mmoe-sum": lambda: MMoE("sum"),
    "mmoe-terms": lambda: MMoE("terms"),
    "ple": PLE,
    "esmm": ESMM,
    "aitm": AITM,
    "cross-stitch": CrossStitch,
    "dcn-stacked": lambda: DCN(True),
    "dcn-parallel": lambda: DCN(False),
    "pool-sum": lambda: Pool(False),
    "pool-mean": lambda: Pool(True),
    "pool-mean-length": lambda: Pool(True, "length"),
    "din": lambda: DIN(False),
    "din-normalized": lambda: DIN(True),
    "lstm": lambda: Recurrent("lstm"),
    "gru": lambda: Recurrent("gru"),
    "encoder-mean": lambda: Encoder("mean"),
    "encoder-class": lambda: Encoder("class"),
}


def export(twin, rows, path, dynamo):
    """One exporter's file, with the number of rows free and without what only people read."""
    arguments = tuple(torch.from_numpy(np.ascontiguousarray(rows[n])) for n in twin.inputs)
    tasks = getattr(twin, "tasks", ("click", "buy"))
    options = {
        "input_names": list(twin.inputs),
        "output_names": list(tasks),
        "opset_version": 18 if dynamo else 17,
        "dynamo": dynamo,
        "verbose": False,
    }
    if dynamo:
        # A module with *features takes them as one argument.
        dims = tuple({0: torch.export.Dim("rows", min=2, max=4096)} for _ in twin.inputs)
        options["dynamic_shapes"] = (dims,) if isinstance(twin, Tabular) else dims
        options["external_data"] = False
    else:
        options["dynamic_axes"] = {n: {0: "rows"} for n in (*twin.inputs, *tasks)}
    torch.onnx.export(twin, arguments, str(path), **options)
    model = onnx.load(str(path))
    model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for part in [*model.graph.node, *model.graph.input, *model.graph.output]:
        part.doc_string = ""
        del part.metadata_props[:]
    for tensor in model.graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    onnx.save(model, str(path))


def write(name, make, folder):
    twin = make().eval()
    rows = twin.rows(np.random.default_rng(3))
    with torch.no_grad():
        results = twin(*(torch.from_numpy(np.ascontiguousarray(rows[n])) for n in twin.inputs))
    tasks = getattr(twin, "tasks", ("click", "buy"))
    answers = {
        "rows": ROWS,
        "context": list(twin.context),
        "inputs": {n: [float(v) for v in rows[n].ravel()] for n in twin.inputs},
        "outputs": {t: [float(v) for v in r.ravel()] for t, r in zip(tasks, results)},
    }
    folder.mkdir(parents=True)
    (folder / "answers.json").write_text(json.dumps(answers) + "\n")
    for exporter, dynamo in (("script", False), ("dynamo", True)):
        path = folder / f"{exporter}.onnx"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                export(twin, rows, path, dynamo)
        except Exception as error:  # The exporter's own limits are not ours.
            path.unlink(missing_ok=True)
            reason = str(error).strip().splitlines() or [repr(error)]
            print(f"NOT EXPORTED: {name} by {exporter}: {reason[0]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", help="one twin's name")
    options = parser.parse_args()
    for name, make in TWINS.items():
        if options.only in (None, name):
            shutil.rmtree(options.folder / name, ignore_errors=True)
            write(name, make, options.folder / name)


if __name__ == "__main__":
    main()
