"""Reads a recipe as `tandem train` does: the same rows, inputs, labels and parts.

The form of a recipe is told in Sources/TandemTraining/Specification/TrainingSpec.swift, the small
language of its labels and derived columns in Expression.swift beside it. Nothing here checks a
recipe; the trainer does.
"""

import re
import tomllib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<text>"[^"]*"|'[^']*')"""
    r"""|`(?P<quoted>[^`]*)`|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|[-+*/<>(),]))"""
)


def splitmix64(state):
    """The first number of splitmix64 started at each state (uint64)."""
    with np.errstate(over="ignore"):
        mixed = state + np.uint64(GOLDEN)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def row_hashes(seed, rows):
    """The hash that decides about each row number."""
    with np.errstate(over="ignore"):
        return splitmix64(np.uint64(seed * GOLDEN & MASK) + rows.astype(np.uint64))


def split(seed, n, test_permille):
    """Which of n rows are test rows."""
    return row_hashes(seed, np.arange(n)) % np.uint64(1000) < np.uint64(test_permille)


@dataclass
class Feature:
    """One input: numbers (NaN is missing) or texts (None is missing)."""

    name: str
    kind: str  # numeric, buckets, categorical, list, words or text
    values: np.ndarray
    separator: str = "|"  # of lists
    buckets: int = 0


@dataclass
class Task:
    """What to predict: y by row, NaN where the row has no label."""

    name: str
    kind: str  # binary, multiclass or regression
    y: np.ndarray
    weights: np.ndarray
    uses_log: bool = False


@dataclass
class Problem:
    """A data set as a recipe sees it, filtered rows taken out."""

    features: list
    tasks: list
    part: np.ndarray  # 0 training, 1 validation, 2 test
    classes: dict = field(default_factory=dict)


class Columns:
    """The columns of a file and those derived from them."""

    def __init__(self, frame, derived):
        self.frame, self.derived, self.open = frame, derived, []

    def text(self, name):
        """Texts, None where missing."""
        return self.frame[name].to_numpy(object)

    def number(self, name, expect_words=False):
        """Numbers, NaN where missing, and where the file has words if those are expected."""
        if name in self.derived and name not in self.open:
            self.open.append(name)
            value = self.evaluate(self.derived[name])
            self.open.pop()
            return value
        errors = "coerce" if expect_words else "raise"
        return pd.to_numeric(self.frame[name], errors=errors).to_numpy(np.float64)

    def has(self, name):
        return name in self.frame or name in self.derived

    def evaluate(self, text):
        """A column or an expression as numbers; truth is 1 and 0."""
        if self.has(text):
            return self.number(text)
        parser = Expression(text, self)
        return parser.number(parser.either())


class Expression:
    """A parser that evaluates as it goes; a value is an array, a str, or a Name not yet read."""

    class Name(str):
        """A column whose reading depends on what it stands beside."""

    def __init__(self, text, columns):
        self.columns = columns
        self.tokens = [m for m in TOKEN.finditer(text) if m.group().strip()]
        if "".join(m.group() for m in self.tokens).strip() != text.strip():
            raise ValueError(f"cannot read the expression {text!r}")
        self.at = 0

    def peek(self):
        if self.at == len(self.tokens):
            return ""
        found = self.tokens[self.at]
        return found["sign"] or found["word"] or ""

    def take(self, *wanted):
        if self.peek() in wanted and self.peek():
            self.at += 1
            return self.tokens[self.at - 1].group().strip()
        return None

    def number(self, value):
        return self.columns.number(str(value)) if isinstance(value, self.Name) else value

    def either(self):
        left = self.both()
        while self.take("or"):
            right = self.both()
            unknown = np.isnan(left) | np.isnan(right)
            left = np.where((left == 1) | (right == 1), 1.0, np.where(unknown, np.nan, 0.0))
        return left

    def both(self):
        left = self.negation()
        while self.take("and"):
            right = self.negation()
            unknown = np.isnan(left) | np.isnan(right)
            left = np.where((left == 0) | (right == 0), 0.0, np.where(unknown, np.nan, 1.0))
        return left

    def negation(self):
        return 1 - self.negation() if self.take("not") else self.comparison()

    def comparison(self):
        left = self.sum()
        sign = self.take("==", "!=", "<", "<=", ">", ">=")
        if not sign:
            return left
        right = self.sum()
        name, text = (left, right) if isinstance(left, self.Name) else (right, left)
        if isinstance(name, self.Name) and type(text) is str:
            values = self.columns.text(name)
            equal, missing = values == text, pd.isna(values)
            return np.where(missing, np.nan, equal if sign == "==" else ~equal)
        left, right = self.number(left), self.number(right)
        compare = {
            "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal,
            ">": np.greater, ">=": np.greater_equal,
        }[sign]  # fmt: skip
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right))

    def sum(self):
        left = self.product()
        while sign := self.take("+", "-"):
            right = self.number(self.product())
            left = self.number(left) + (right if sign == "+" else -right)
        return left

    def product(self):
        left = self.factor()
        while sign := self.take("*", "/"):
            right = self.number(self.factor())
            with np.errstate(divide="ignore", invalid="ignore"):
                left = self.number(left) * right if sign == "*" else self.number(left) / right
            left = np.where(np.isfinite(left), left, np.nan)
        return left

    def factor(self):
        if self.take("-"):
            return -self.number(self.factor())
        if self.take("("):
            value = self.either()
            self.take(")")
            return value
        token = self.tokens[self.at]
        self.at += 1
        if token["number"]:
            return np.float64(token["number"])
        if token["text"]:
            return token["text"][1:-1]
        if token["word"] and self.peek() == "(":
            return self.call(token["word"])
        return self.Name(token["quoted"] if token["quoted"] is not None else token["word"])

    def call(self, function):
        self.take("(")
        value = self.either()
        form = self.factor() if self.take(",") else None
        self.take(")")
        if function == "number":
            return self.columns.number(str(value), expect_words=True)
        if function == "date":
            dates = pd.to_datetime(
                pd.Series(self.columns.text(value)).str.strip(), format=form, errors="coerce")
            days = (dates - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
            return days.to_numpy(np.float64)
        if function in ("missing", "present"):
            name = isinstance(value, self.Name) and value not in self.columns.derived
            lacks = pd.isna(self.columns.text(value)) if name else np.isnan(self.number(value))
            return (lacks == (function == "missing")).astype(np.float64)
        value = self.number(value)
        if function in ("log1p", "abs", "floor"):
            return getattr(np, function)(value)
        days = pd.Series(pd.to_datetime(np.floor(value), unit="D"))
        if function == "hour":
            return np.floor((value - np.floor(value)) * 24)
        return getattr(days.dt, function).to_numpy(np.float64)


def read_frame(source, paths):
    """The rows of the files, in their order, as texts with None for missing values."""
    names = source.get("columns")
    frames = [
        pd.read_csv(
            path, names=names, header=0 if names is None else None, dtype=str,
            keep_default_na=False, encoding="utf-8-sig",
            sep="\t" if source.get("delimiter") == "tab" else source.get("delimiter", ","),
            skipinitialspace=source.get("trim", False))
        for path in paths
    ]  # fmt: skip
    frame = pd.concat(frames, ignore_index=True)
    frame.columns = [name.strip() for name in frame.columns] if names is None else names
    if source.get("trim"):
        frame = frame.apply(lambda column: column.str.strip())
    missing = ["", *source.get("missing", [])]
    frame = frame.astype(object).where(~frame.isin(missing), None)
    return frame, [len(one) for one in frames]


def parts(rule, columns, kept, file_rows, seed):
    """What each kept row is for, as the trainer decides it."""
    by, permille = rule.get("by", "hash"), rule.get("validation_permille", 100)
    rows = np.flatnonzero(kept)
    hashes = row_hashes(seed, rows)
    validation = splitmix64(hashes) % np.uint64(1000) < np.uint64(permille)
    part = validation.astype(int)
    if by == "hash":
        part[hashes % np.uint64(1000) < np.uint64(rule.get("test_permille", 200))] = 2
    elif by == "file":
        part[rows >= sum(file_rows[:-1])] = 2
    else:
        order = np.arange(len(rows))
        if "order_by" in rule:
            keys = np.nan_to_num(columns.evaluate(rule["order_by"])[kept], nan=-np.inf)
            order = np.argsort(keys, kind="stable")
        others = len(rows) - len(rows) * rule.get("test_permille", 200) // 1000
        part[:] = 0
        part[order[others - others * permille // 1000 : others]] = 1
        part[order[others:]] = 2
    return part


def read_features(spec, columns, kept):
    features = []
    for table in spec["feature"]:
        for column in table.get("columns", [table.get("column")]):
            kind = table["kind"]
            if kind in ("numeric", "buckets") or column not in columns.frame:
                values = columns.number(column)
                if "log1p" in table.get("transform", []):
                    values = np.sign(values) * np.log1p(np.abs(values))
            else:
                values = columns.text(column)
            name = table.get("name", column)
            separator, buckets = table.get("separator", "|"), table.get("buckets", 0)
            features.append(Feature(name, kind, values[kept], separator, buckets))
    return features


def read_tasks(spec, columns, kept):
    tasks, classes = [], {}
    for table in spec["task"]:
        name, kind, label = table["name"], table["kind"], table["label"]
        if kind == "multiclass" and label in columns.frame:
            texts = columns.text(label)
            # Classes of the kept rows; numbers by size.
            found = sorted({text for text in texts[kept] if text is not None})
            if all(re.fullmatch(r"-?\d+(\.\d+)?", text) for text in found):
                found.sort(key=float)
            classes[name] = table.get("classes", found)
            position = {text: index for index, text in enumerate(classes[name])}
            y = np.array([position.get(text, np.nan) for text in texts], dtype=np.float64)
        else:
            y = columns.evaluate(label)
        if "mask" in table:
            y = np.where(columns.evaluate(table["mask"]) == 1, y, np.nan)
        if "given" in table:
            condition = next(task for task in tasks if task.name == table["given"])
            y = np.where(condition.y == 1, y, np.nan)
        weights = np.ones(len(y))
        if "sample_weight" in table:
            weights = np.nan_to_num(columns.evaluate(table["sample_weight"]))
        uses_log = kind == "regression" and "log1p" in table.get("transform", [])
        tasks.append(Task(name, kind, y, weights, uses_log))
    for task in tasks:
        task.y, task.weights = task.y[kept], task.weights[kept]
    return tasks, classes


def load(text, data_paths, seed=None):
    """The problem of a recipe's text over some files; a seed overrides the split's."""
    spec = tomllib.loads(text)
    source, rule = spec.get("data", {}), spec.get("split", {})
    frame, file_rows = read_frame(source, data_paths)
    columns = Columns(frame, spec.get("columns", {}))
    kept = np.ones(len(frame), dtype=bool)
    if "filter" in source:
        kept = columns.evaluate(source["filter"]) == 1
    part = parts(rule, columns, kept, file_rows, rule.get("seed", 0) if seed is None else seed)
    tasks, classes = read_tasks(spec, columns, kept)
    return Problem(read_features(spec, columns, kept), tasks, part, classes)
