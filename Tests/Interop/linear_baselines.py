#!/usr/bin/env python3
"""What a linear model reaches on the recipes' data sets, on the recipes' own columns and splits.

    linear_baselines.py --data DIR [--tandem PATH | --recipes DIR] [--seeds 5] [--only NAME ...]

The recipes are those that ship inside the tool, or NAME.toml of a folder. Prints a table by task:
the mean and the spread over the seeds of the split.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import recipe
from linear import evaluate
from recipe_files import FILES

def recipe_text(name, options):
    """The recipe as the tool shows it, or from the folder."""
    if options.recipes:
        return (options.recipes / f"{name}.toml").read_text(encoding="utf-8")
    command = [options.tandem, "recipe", "show", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data sets' folder")
    parser.add_argument("--tandem", default=".build/release/tandem", help="the tool")
    parser.add_argument("--recipes", type=pathlib.Path, help="a folder of NAME.toml instead")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=FILES, default=list(FILES))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"linear_baselines: no folder {options.data}")
    report = {}
    for name in options.only:
        paths = [options.data / path for path in FILES[name]]
        text = recipe_text(name, options)
        runs = [evaluate(recipe.load(text, paths, seed)) for seed in range(options.seeds)]
        report[name] = {
            task: {
                metric: {
                    "mean": float(np.mean([run[task][metric] for run in runs])),
                    "std": float(np.std([run[task][metric] for run in runs])),
                }
                for metric in runs[0][task]
            }
            for task in runs[0]
        }
        if options.json:
            continue
        for task, found in report[name].items():
            cells = ", ".join(f"{m} {v['mean']:.4f} ± {v['std']:.4f}" for m, v in found.items())
            print(f"| {name} | {task} | {cells} |", flush=True)
    if options.json:
        print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
