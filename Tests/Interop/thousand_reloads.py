#!/usr/bin/env python3
"""Reloads a model a thousand times and looks at what the daemon keeps.

    thousand_reloads.py --programs .build/release --first PACKAGE --second PACKAGE

A label goes to and fro between two versions, of which only the labelled one is loaded. Resident
memory, descriptors, mappings and threads after the last reload are held against those after the
tenth; resident memory may have grown by 2 %, the others not at all.
"""
import argparse
import os
import sys
import time

from served import Served


def figures(pid):
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    with open(f"/proc/{pid}/maps") as maps:
        mappings = sum(1 for _ in maps)
    return {"resident_kib": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "mappings": mappings}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--reloads", type=int, default=1000)
    arguments = parser.parse_args()
    with Served(arguments.programs) as served:
        for package in (arguments.first, arguments.second):
            served.publish(package, "m")
        served.label("m", 1)
        served.start(models=1)
        start = time.monotonic()
        for number in range(1, arguments.reloads + 1):
            served.reload("m", 1 + number % 2)
            if number == 10:
                time.sleep(0.5)
                tenth = figures(served.daemon.pid)
        seconds = time.monotonic() - start
        time.sleep(0.5)
        last = figures(served.daemon.pid)
        print(f"{arguments.reloads} reloads in {seconds:.1f} s; after the 10th {tenth}, "
              f"after the last {last}")
        # Less is no leak: the system takes pages of files back when memory is short.
        grown = last["resident_kib"] / tenth["resident_kib"] - 1
        same = all(last[key] == tenth[key] for key in ("threads", "descriptors"))
        if grown > 0.02 or not same or last["mappings"] > tenth["mappings"] + 2:
            sys.exit("something is kept that should not be")


if __name__ == "__main__":
    main()
