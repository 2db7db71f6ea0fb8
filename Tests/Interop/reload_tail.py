#!/usr/bin/env python3
"""What reloading does to the tail of a model that is served.

    reload_tail.py --programs .build/release --served PACKAGE [--served-then PACKAGE]
                   --first PACKAGE --second PACKAGE [--segments 20] [--seconds 3]

All are packages that `tandem-bench package` wrote. A daemon serves model `a`; `tandem load-test`
asks it at Poisson arrivals of 40 % of what a closed loop reaches. Segments alternate: nothing else,
or model `b` reloading back to back between two versions. With --served-then, `a` itself then
alternates between two versions in the same way. The medians over the segments of p99 and p99.9 are
held against each other. Each kind takes twice --segments x --seconds, and some 10 s to begin.
"""
import argparse
import json
import subprocess
import threading
import time

from bounds import Bounds, median, say
from served import Served


class Reloading:
    """Has the daemon reload a model back to back, between two versions, until told to stop."""

    def __init__(self, served, model):
        self.served, self.model = served, model
        self.count, self.failure = 0, None

    def __enter__(self):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stop.is_set():
                self.served.reload(self.model, 2 - self.count % 2)
                self.count += 1
        except (SystemExit, subprocess.SubprocessError) as error:
            self.failure = str(error)

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.failure:
            raise SystemExit(f"a reload of {self.model} failed: {self.failure}")


def load_test(served, rows, seconds, seed, rate=None):
    words = ["load-test", "--socket", served.socket, "--model", "a", "--rows", str(rows),
             "--duration", str(seconds), "--connections", "4", "--seed", str(seed), "--json"]
    if rate:
        words += ["--rate", f"{rate:.0f}"]
    return json.loads(served.tool(*words))


def compare(served, model, arguments, rate, bounds):
    reloading = Reloading(served, model)
    quiet, busy, errors = [], [], 0
    for segment in range(2 * arguments.segments):
        if segment % 2:
            with reloading:
                report = load_test(served, arguments.rows, arguments.seconds, segment, rate)
        else:
            report = load_test(served, arguments.rows, arguments.seconds, segment, rate)
        (busy if segment % 2 else quiet).append(report)
        errors += report["errors"] + report["refused"]
        say(f"{model} {segment + 1}/{2 * arguments.segments} "
            f"{'reloading' if segment % 2 else 'quiet'}: p50 {report['p50_us']:.0f} us, "
            f"p99 {report['p99_us']:.0f}, p99.9 {report['p999_us']:.0f}, "
            f"{report['requests']} requests, {reloading.count} reloads so far")
    for name, key, bound in (("p99", "p99_us", 1.05), ("p99.9", "p999_us", 1.25)):
        before, after = (median([report[key] for report in side]) for side in (quiet, busy))
        print(f"{name} of a: {before:.0f} us, {after:.0f} us while {model} reloads")
        bounds.at_most(f"{name} of a while {model} reloads, ratio", after / before, bound)
    bounds.at_most(f"errors while {model} reloads", errors, 0)
    bounds.at_least(f"reloads of {model}", reloading.count, arguments.segments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--served", required=True, help="model a's package")
    parser.add_argument("--served-then", help="a second version of it")
    parser.add_argument("--first", required=True, help="model b's package")
    parser.add_argument("--second", required=True, help="a second version of it")
    parser.add_argument("--rows", type=int, default=2000, help="candidates a request")
    parser.add_argument("--segments", type=int, default=20, help="of each kind")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--set", action="append", default=[], help="a setting of the daemon")
    arguments = parser.parse_args()
    bounds = Bounds()
    with Served(arguments.programs, arguments.set) as served:
        for package in (arguments.served, arguments.served_then):
            if package:
                served.publish(package, "a")
        for package in (arguments.first, arguments.second):
            served.publish(package, "b")
        for model in ("a", "b"):
            served.label(model, 1)
        say("starting")
        began = time.monotonic()
        served.start(models=2)
        say(f"ready after {time.monotonic() - began:.1f} s")
        load_test(served, arguments.rows, 1, 0)
        capacity = load_test(served, arguments.rows, 2, 0)["rate_per_s"]
        rate = 0.4 * capacity
        say(f"{capacity:.0f} requests of {arguments.rows} rows a second, asking for {rate:.0f}")
        compare(served, "b", arguments, rate, bounds)
        if arguments.served_then:
            compare(served, "a", arguments, rate, bounds)
    bounds.end()


if __name__ == "__main__":
    main()
