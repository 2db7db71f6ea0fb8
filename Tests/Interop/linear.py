"""A linear model for each task: the floor that a recipe's model must not fall below.

Columns become what a careful person would give a linear model: numbers standardised, with a column
saying which were missing; buckets, categories and list elements one-hot; words as weighted, hashed
counts.
The strength of the regularisation is chosen by cross-validation over the training and validation
rows, on all of which the model is then fitted; both are in its favour.
"""

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import (
    CountVectorizer, HashingVectorizer, TfidfTransformer,
)  # fmt: skip
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.preprocessing import OneHotEncoder

STRENGTHS = (0.03, 0.3, 3.0)
FOLDS = 3


def encode(feature, train):
    """One feature's columns; what is learnt is learnt from the train rows."""
    values = feature.values
    if feature.kind == "buckets":
        shares = np.arange(1, feature.buckets) / feature.buckets
        edges = np.unique(np.nanquantile(values[train], shares))
        values = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    if feature.kind == "numeric":
        missing = np.isnan(values)
        known = values[train & ~missing]
        centred = (values - known.mean()) / (known.std() or 1.0)
        return np.column_stack([np.where(missing, 0.0, centred), missing])
    if feature.kind in ("buckets", "categorical"):
        words = np.array(["" if v is None else str(v) for v in values], dtype=object)[:, None]
        encoder = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
        return encoder.fit(words[train]).transform(words)
    texts = np.array(["" if text is None else text for text in values], dtype=object)
    if feature.kind == "list":
        counter = CountVectorizer(
            tokenizer=lambda text: [part for part in text.split(feature.separator) if part],
            token_pattern=None, lowercase=False, min_df=2)  # fmt: skip
        return counter.fit(texts[train]).transform(texts)
    hashed = HashingVectorizer(n_features=1 << 16, alternate_sign=False, norm=None)
    counts = hashed.transform(texts)
    return TfidfTransformer(sublinear_tf=True).fit(counts[train]).transform(counts)


def figures(task, y, score):
    """The metrics of one task on some rows."""
    if task.kind == "binary":
        return {"auc": roc_auc_score(y, score), "log_loss": log_loss(y, score)}
    if task.kind == "multiclass":
        classes = np.arange(score.shape[1])
        return {
            "accuracy": accuracy_score(y, score.argmax(axis=1)),
            "log_loss": log_loss(y, score, labels=classes),
        }
    found = {"r2": r2_score(y, score)}
    if task.uses_log:
        with np.errstate(over="ignore"):
            found["raw_r2"] = r2_score(np.expm1(y), np.expm1(score))
    return found


def fit(task, x, y, weights, strength):
    """A fitted model as a function from rows to scores."""
    if task.kind == "regression":
        model = Ridge(alpha=1 / strength, solver="sparse_cg")
        return model.fit(x, y, sample_weight=weights).predict
    model = LogisticRegression(C=strength, max_iter=500).fit(x, y, sample_weight=weights)
    if task.kind == "binary":
        return lambda rows: model.predict_proba(rows)[:, 1]
    return model.predict_proba


def evaluate(problem):
    """The figures of every task of a problem on its test rows."""
    test = problem.part == 2
    blocks = [sparse.csr_matrix(encode(one, ~test)) for one in problem.features]
    x = sparse.csr_matrix(sparse.hstack(blocks))
    results = {}
    for task in problem.tasks:
        known = ~np.isnan(task.y)
        y = np.log1p(task.y) if task.uses_log else task.y
        if task.kind != "regression":
            y = np.nan_to_num(y).astype(int)
        train = np.flatnonzero(known & ~test)

        def model(rows, strength):
            return fit(task, x[rows], y[rows], task.weights[rows], strength)

        def loss(strength):
            total = 0.0
            for fold in range(FOLDS):
                inside = np.arange(len(train)) % FOLDS == fold
                rows = train[inside]
                found = figures(task, y[rows], model(train[~inside], strength)(x[rows]))
                total += -found["r2"] if task.kind == "regression" else found["log_loss"]
            return total

        score = model(train, min(STRENGTHS, key=loss))
        results[task.name] = figures(task, y[known & test], score(x[known & test]))
    return results
