#!/usr/bin/env python3
"""What int8 costs each recipe that is trained on real data: a table, with bars.

    recipe_int8.py --data DIR [--tandem PATH] [--encoder PACKAGE] [--seeds 3] [--only NAME ...]

Trains each recipe with `tandem train` for each seed (of weights and of the split) and compares the
figures of its int8 program with those of its float one, on the same test rows. A cell is the worst
of the seeds; a task fails whose AUC is lower by more than 0.0005 or whose log loss is higher by
more than 0.001, and then the exit status is 1. Numbers have no bar here and show their R2.

The customer service recipe reads a sentence encoder: --encoder is the package that its first lines
say how to make. A recipe whose files or encoder are not there is left out, which is said.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from recipe_files import FILES

BARS = {"auc": 0.0005, "log_loss": 0.001}
ENCODER = 'encoder = "models/minilm/1"'
# What is printed of a task besides what has a bar; more is better.
OTHERS = ("accuracy", "r2_log1p", "r2")


def figures(tandem, spec, paths, seed):
    """{(task, program): figures} of one training."""
    command = [tandem, "train", spec, *paths, "--seed", str(seed + 1), "--split-seed", str(seed)]
    run = subprocess.run([*command, "--json"], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"recipe_int8: {' '.join(map(str, command))}: {run.stderr.strip()}")
    return {(line["task"], line["label"]): line for line in json.loads(run.stdout)["figures"]}


def losses(runs, task, metric):
    """How much worse int8 is, a number a run; nothing where the task has no such figure."""
    sign = -1 if metric == "log_loss" else 1
    pairs = [(run[task, "float"].get(metric), run[task, "int8"].get(metric)) for run in runs]
    return [sign * (before - after) for before, after in pairs if before is not None]


def cell(found):
    return f"{max(found):+.5f}" if found else ""


def row(name, runs, task):
    """A line of the table, and whether the task is within its bars."""
    cost = {metric: losses(runs, task, metric) for metric in BARS}
    other = next(m for m in OTHERS if m in runs[0][task, "float"])
    is_within = all(max(cost[m], default=0) <= BARS[m] for m in BARS)
    cells = [name, task, *(cell(cost[metric]) for metric in BARS)]
    cells.append(f"{cell(losses(runs, task, other))} {other}")
    return f"| {' | '.join(cells)} | {'ok' if is_within else 'FAILS'} |", is_within


def missing(name, paths, encoder):
    """Why a recipe cannot be trained here; nothing if it can."""
    absent = next((path for path in paths if not path.is_file()), None)
    if absent:
        return f"no file {absent}"
    if name == "customer-service" and not (encoder and encoder.is_dir()):
        return "no sentence encoder; give its package as --encoder"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data sets' folder")
    parser.add_argument("--tandem", default=".build/release/tandem", help="the tool")
    parser.add_argument("--encoder", type=pathlib.Path, help="REPOSITORY/MODEL/VERSION")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=FILES, default=list(FILES))
    options = parser.parse_args()
    print("| recipe | task | AUC lost | log loss gained | other lost | |")
    print("|---|---|---:|---:|---:|---|")
    failures = trained = 0
    for name in options.only:
        paths = [options.data / path for path in FILES[name]]
        if reason := missing(name, paths, options.encoder):
            print(f"recipe_int8: SKIPPED {name}: {reason}", file=sys.stderr, flush=True)
            continue
        show = [options.tandem, "recipe", "show", name]
        text = subprocess.run(show, check=True, capture_output=True, text=True).stdout
        if options.encoder:
            text = text.replace(ENCODER, f'encoder = "{options.encoder.resolve()}"')
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as spec:
            spec.write(text)
            spec.flush()
            runs = [figures(options.tandem, spec.name, paths, s) for s in range(options.seeds)]
        trained += 1
        for task in dict.fromkeys(task for task, _ in runs[0]):
            line, is_within = row(name, runs, task)
            failures += not is_within
            print(line, flush=True)
    print(f"recipe_int8: {trained} of {len(options.only)} recipes trained, {failures} task(s) fail",
          file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
