#!/usr/bin/env python3
"""Reloads a model a thousand times and looks at what the daemon keeps.

    thousand_reloads.py --programs .build/release --first PACKAGE --second PACKAGE

A label goes to and fro between two versions, of which only the labelled one is loaded. Resident
memory, descriptors, mappings and threads after the last reload are held against those after the
tenth; resident memory may differ by 2 %, the others not at all.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


def figures(pid):
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    with open(f"/proc/{pid}/maps") as maps:
        mappings = sum(1 for _ in maps)
    return {"resident_kib": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "mappings": mappings}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--reloads", type=int, default=1000)
    arguments = parser.parse_args()
    tandem = str(arguments.programs / "tandem")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-reload-"))
    repository, admin = folder / "models", str(folder / "admin.sock")

    def tool(*words):
        return subprocess.run([tandem, *words], check=True, capture_output=True, text=True).stdout

    daemon = None
    try:
        for package in (arguments.first, arguments.second):
            path = pathlib.Path(tool("publish", package, str(repository), "--model", "m").strip())
        model = str(path.parent)
        tool("label", model, "stable=1")
        daemon = subprocess.Popen(
            [str(arguments.programs / "tandemd"), "--repository", str(repository), "--socket",
             str(folder / "data.sock"), "--admin-socket", admin, "--versions", "listed",
             "--no-watch"], stderr=subprocess.DEVNULL)
        while subprocess.run([tandem, "models", "--ready", "--admin-socket", admin],
                             capture_output=True).stdout.count(b"READY") != 1:
            time.sleep(0.05)
        start = time.monotonic()
        for number in range(1, arguments.reloads + 1):
            tool("label", model, f"stable={1 + number % 2}", "--admin-socket", admin)
            if number == 10:
                time.sleep(0.5)
                tenth = figures(daemon.pid)
        seconds = time.monotonic() - start
        time.sleep(0.5)
        last = figures(daemon.pid)
        print(f"{arguments.reloads} reloads in {seconds:.1f} s; after the 10th {tenth}, "
              f"after the last {last}")
        grown = abs(last["resident_kib"] / tenth["resident_kib"] - 1)
        same = all(last[key] == tenth[key] for key in ("threads", "descriptors"))
        if grown > 0.02 or not same or last["mappings"] > tenth["mappings"] + 2:
            sys.exit("something is kept that should not be")
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
