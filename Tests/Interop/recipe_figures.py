#!/usr/bin/env python3
"""Our models and a linear one on the recipes' data sets: same columns, same splits, same seeds.

    recipe_figures.py --data DIR [--tandem PATH] [--seeds 5] [--only NAME ...]

Trains each recipe with `tandem train` for each seed (of weights and of the split), and the linear
model of linear.py on the same rows; prints a Markdown table of means over the seeds.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import recipe
from linear import evaluate
from recipe_files import FILES

# The figure that a task is judged by; more is better.
FIGURES = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}


def train(tandem, spec, paths, seed):
    """The figures of one run: {(task, executor): figures}."""
    command = [tandem, "train", spec, *paths, "--seed", str(seed + 1), "--split-seed", str(seed)]
    run = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    return {(line["task"], line["label"]): line for line in json.loads(run.stdout)["figures"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data sets' folder")
    parser.add_argument("--tandem", default=".build/release/tandem", help="the tool")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=FILES, default=list(FILES))
    parser.add_argument("--no-linear", action="store_true", help="leave the linear model out")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"recipe_figures: no folder {options.data}")
    print("| recipe | task | figure | float | int8 | linear |\n|---|---|---|---:|---:|---:|")
    for name in options.only:
        paths = [options.data / path for path in FILES[name]]
        text = subprocess.run(
            [options.tandem, "recipe", "show", name], check=True, capture_output=True, text=True
        ).stdout
        linear = []
        if not options.no_linear:
            linear = [evaluate(recipe.load(text, paths, s)) for s in range(options.seeds)]
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as spec:
            spec.write(text)
            spec.flush()
            runs = [train(options.tandem, spec.name, paths, s) for s in range(options.seeds)]
        for task, executor in runs[0]:
            if executor != "float":
                continue
            figure = FIGURES[runs[0][task, "float"]["kind"]]
            # A target that is learnt as a logarithm is compared there: linear.py calls that r2 too.
            ours = "r2_log1p" if "r2_log1p" in runs[0][task, "float"] else figure
            means = [
                np.mean([run[task, executor][ours] for run in runs])
                for executor in ("float", "int8")
            ]
            floor = np.mean([run[task][figure] for run in linear]) if linear else float("nan")
            cells = " | ".join(f"{value:.4f}" for value in [*means, floor])
            print(f"| {name} | {task} | {ours} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
