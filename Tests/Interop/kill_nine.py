#!/usr/bin/env python3
"""Kills publishers and daemons with SIGKILL at random instants, and looks at what is left.

    kill_nine.py --programs .build/release --package PACKAGE [--kills 200] [--seed 1]

Each round copies the package into a repository by `tandem publish`, or removes old versions by
`tandem gc`, while a daemon follows the repository; one of them is killed at a random instant. After
each round every version in the repository verifies, and a daemon over it becomes ready and serves
a version that is whole. At the end `tandem gc` takes away what the killed left behind. Rounds whose
victim had ended do not count. With a package of 1 MiB, 200 kills take some 2 minutes.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from bounds import Bounds, say


class Round:
    def __init__(self, programs, package, folder):
        self.tandem = str(programs / "tandem")
        self.tandemd = str(programs / "tandemd")
        self.package = package
        self.repository = folder / "models"
        self.socket = folder / "data.sock"
        self.admin = folder / "admin.sock"
        self.log = open(folder / "log", "ab")
        self.daemon = None

    def start_daemon(self):
        self.daemon = subprocess.Popen(
            [self.tandemd, "--repository", str(self.repository), "--socket", str(self.socket),
             "--admin-socket", str(self.admin)], stderr=self.log)

    def tool(self, *arguments):
        return subprocess.run([self.tandem, *arguments], capture_output=True, text=True)

    def states(self):
        """States by version, once the daemon answers."""
        for _ in range(600):
            run = self.tool("models", "--json", "--admin-socket", str(self.admin))
            if run.returncode == 0:
                return {entry["version"]: entry for entry in json.loads(run.stdout)}
            if self.daemon.poll() is not None:
                sys.exit(f"the daemon ended with {self.daemon.returncode}")
            time.sleep(0.05)
        sys.exit("the daemon does not answer")

    def check(self):
        """Every version is whole, and the daemon serves the highest one there is or was."""
        model = next(path for path in self.repository.iterdir() if path.is_dir())
        versions = sorted(int(path.name) for path in model.iterdir() if path.name.isdigit())
        for version in versions:
            run = self.tool("verify", str(model / str(version)))
            if run.returncode != 0:
                sys.exit(f"version {version} is not whole:\n{run.stdout}{run.stderr}")
        for _ in range(600):
            states = self.states()
            failed = [entry for entry in states.values() if entry["state"] == "FAILED"]
            if failed:
                sys.exit(f"a version failed: {failed[0]}")
            current = [entry["version"] for entry in states.values() if entry["current"]]
            if current == versions[-1:]:
                if len(versions) > 6:
                    # So that looking at all of them stays quick.
                    self.tool("gc", str(self.repository), "--keep", "2", "--remove")
                return
            time.sleep(0.05)
        sys.exit(f"the daemon serves {current}, the repository has {versions}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-kill-"))
    round_ = Round(arguments.programs, arguments.package, folder)
    try:
        first = round_.tool("publish", arguments.package, str(round_.repository))
        if first.returncode != 0:
            sys.exit(first.stderr)
        start = time.monotonic()
        round_.tool("publish", arguments.package, str(folder / "other"))
        seconds = time.monotonic() - start
        round_.start_daemon()
        round_.states()
        killed = {"publish": 0, "gc": 0, "daemon": 0}
        rounds = 0
        while sum(killed.values()) < arguments.kills:
            rounds += 1
            if rounds % 20 == 0:
                say(f"{rounds} rounds, killed {killed}")
            what = chance.choice(["publish", "publish", "gc", "daemon"])
            command = (["gc", str(round_.repository), "--keep", "2", "--remove"] if what == "gc"
                       else ["publish", arguments.package, str(round_.repository)])
            tool = subprocess.Popen([round_.tandem, *command], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, seconds * 1.2))
            victim = round_.daemon if what == "daemon" else tool
            if victim.poll() is None:
                killed[what] += 1
            victim.send_signal(signal.SIGKILL)
            tool.wait()
            if what == "daemon":
                round_.daemon.wait()
                round_.start_daemon()
            round_.check()
        round_.tool("gc", str(round_.repository), "--keep", "1", "--remove")
        left = [path for path in next(round_.repository.iterdir()).iterdir()
                if path.name.startswith(".")]
        if left:
            sys.exit(f"left behind: {left}")
        print(f"killed before their end: {killed}")
        bounds = Bounds()
        bounds.at_least("kills after which all was whole", sum(killed.values()), arguments.kills)
        bounds.end()
    finally:
        if round_.daemon:
            round_.daemon.kill()
            round_.daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
