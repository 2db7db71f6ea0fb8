"""A linear model for each task: the floor that a recipe's model must not fall below.

Columns become what a careful person would give a linear model: numbers standardised, with a column
saying which were missing; categories one-hot; text as hashed words. The strength of the
regularisation is chosen on a validation part cut from the training rows.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import OneHotEncoder

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def splitmix64(state):
    """The first number of splitmix64 started at each state (an array of uint64)."""
    with np.errstate(over="ignore"):
        mixed = state + np.uint64(GOLDEN)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def split(seed, n, test_permille):
    """Which of n rows are test rows: row i when splitmix64(seed * GOLDEN + i) % 1000 says so."""
    with np.errstate(over="ignore"):
        state = np.uint64(seed * GOLDEN & MASK) + np.arange(n, dtype=np.uint64)
    return splitmix64(state) % np.uint64(1000) < np.uint64(test_permille)


@dataclass
class Task:
    """What to predict: y by row (NaN where the row has no label)."""

    name: str
    kind: str  # binary, multiclass or regression
    y: np.ndarray


@dataclass
class Problem:
    """One data set as a recipe sees it."""

    name: str
    rows: pd.DataFrame  # Only the inputs.
    tasks: list
    numbers: list = field(default_factory=list)
    logs: list = field(default_factory=list)  # Numbers taken as sign(x) * log1p(|x|).
    categories: list = field(default_factory=list)
    texts: list = field(default_factory=list)


def encode(problem, train):
    """The rows as one sparse matrix; everything that is learnt is learnt from the train rows."""
    blocks = []
    for column in problem.numbers + problem.logs:
        values = pd.to_numeric(problem.rows[column], errors="coerce").to_numpy(np.float64)
        if column in problem.logs:
            values = np.sign(values) * np.log1p(np.abs(values))
        missing = np.isnan(values)
        mean, scale = np.nanmean(values[train]), np.nanstd(values[train]) or 1.0
        blocks.append(np.where(missing, 0.0, (values - mean) / scale)[:, None])
        if missing.any():
            blocks.append(missing[:, None].astype(np.float64))
    if problem.categories:
        words = problem.rows[problem.categories].fillna("").astype(str).to_numpy()
        encoder = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
        encoder.fit(words[train])
        blocks.append(encoder.transform(words))
    for column in problem.texts:
        hashed = HashingVectorizer(n_features=1 << 16, alternate_sign=False, norm=None)
        counts = hashed.transform(problem.rows[column].fillna("").astype(str))
        blocks.append(TfidfTransformer(sublinear_tf=True).fit(counts[train]).transform(counts))
    return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(block) for block in blocks]))


def figures(kind, y, score):
    """The metrics of one task on its test rows."""
    if kind == "binary":
        return {"auc": roc_auc_score(y, score), "log_loss": log_loss(y, score)}
    if kind == "multiclass":
        classes = np.arange(score.shape[1])
        return {
            "accuracy": accuracy_score(y, score.argmax(axis=1)),
            "log_loss": log_loss(y, score, labels=classes),
        }
    return {"rmse": root_mean_squared_error(y, score), "r2": r2_score(y, score)}


def fit(kind, x, y, strength):
    """A fitted model as a function from rows to scores."""
    if kind == "regression":
        model = Ridge(alpha=1 / strength, solver="sparse_cg").fit(x, y)
        return model.predict
    model = LogisticRegression(C=strength, max_iter=500).fit(x, y)
    if kind == "binary":
        return lambda rows: model.predict_proba(rows)[:, 1]
    return model.predict_proba


def evaluate(problem, seed, test_permille=200):
    """The figures of every task of a problem on one split."""
    count = len(problem.rows)
    test = split(seed, count, test_permille)
    x = encode(problem, ~test)
    # Within the training rows, by the same function under another seed.
    tune = split(seed + 1000, count, 100) & ~test
    results = {}
    for task in problem.tasks:
        known = ~np.isnan(task.y)
        first, second = known & ~test & ~tune, known & tune
        y = task.y if task.kind == "regression" else np.nan_to_num(task.y).astype(int)

        def loss(strength):
            score = fit(task.kind, x[first], y[first], strength)
            found = figures(task.kind, y[second], score(x[second]))
            return found["rmse"] if task.kind == "regression" else found["log_loss"]

        best = min((0.003, 0.03, 0.3, 3.0), key=loss)
        train = known & ~test
        score = fit(task.kind, x[train], y[train], best)(x[known & test])
        results[task.name] = figures(task.kind, y[known & test], score)
    return results
