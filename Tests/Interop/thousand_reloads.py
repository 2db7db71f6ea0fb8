#!/usr/bin/env python3
"""Reloads a model a thousand times and looks at what the daemon keeps.

    thousand_reloads.py --programs .build/release --first PACKAGE --second PACKAGE

A label goes to and fro between two versions, of which only the labelled one is loaded. Resident
memory, descriptors, mappings and threads after the last reload are held against those after the
tenth; of memory the medians of five reloads up to there. Two packages of 64 MiB take some 3 minutes
on a machine that does nothing else: loads give way to everything, and beside a compiler
`--set load.priority=normal` keeps them going.
"""
import argparse
import os
import time

from bounds import Bounds, median, say
from served import Served


def figures(pid):
    time.sleep(0.5)
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    with open(f"/proc/{pid}/maps") as maps:
        mappings = sum(1 for _ in maps)
    return {"resident KiB": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "mappings": mappings}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--set", action="append", default=[], help="a setting of the daemon")
    arguments = parser.parse_args()
    bounds = Bounds()
    early, late = [], []
    with Served(arguments.programs, arguments.set) as served:
        for package in (arguments.first, arguments.second):
            served.publish(package, "m")
        served.label("m", 1)
        served.start(models=1)
        start = time.monotonic()
        for number in range(1, arguments.reloads + 1):
            served.reload("m", 1 + number % 2)
            if number <= 10 and number > 5:
                early.append(figures(served.daemon.pid))
            if number > arguments.reloads - 5:
                late.append(figures(served.daemon.pid))
            if number % 100 == 0:
                say(f"{number} reloads in {time.monotonic() - start:.0f} s")
        tenth, last = early[-1], late[-1]
        print(f"after the 10th {tenth}, after the last {last}")
        # Less is no leak: the system takes pages of files back when memory is short.
        before, after = (
            median([look["resident KiB"] for look in looks]) for looks in (early, late))
        bounds.at_most("resident memory after the last reloads, ratio", after / before, 1.02)
        for key in ("threads", "descriptors", "mappings"):
            # A mapping or two come and go with the heap.
            allowed = tenth[key] + (2 if key == "mappings" else 0)
            bounds.at_most(f"{key} after the last reload", last[key], allowed)
    bounds.end()


if __name__ == "__main__":
    main()
