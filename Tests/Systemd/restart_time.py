#!/usr/bin/env python3
"""Restarts and kills a daemon under systemd and measures when it answers again; see restart.sh.

Two clients ask all the while: one on a connection for each call, one on a connection that it keeps.
The first answer is the first that the process after the restart gave, from when the restart
began; after a kill, less the time for which systemd let the unit rest, which is RestartSec= and up
to 250 ms by which it puts its timers together.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Interop"))
from bounds import Bounds, median, say  # noqa: E402
from wire import Connection, predict  # noqa: E402

SOCKET = "/run/tandem/tandem.sock"
UNIT = "tandemd.service"
PREDICT, GOING_AWAY = 10, 50
KILL = "kill -9"


def prop(name):
    return subprocess.run(["systemctl", "show", f"--property={name}", "--value", UNIT], check=True,
                          capture_output=True, text=True).stdout.strip()


class Clients:
    """Ask until they are told to stop."""

    def __init__(self, request):
        self.request = request
        self.answers, self.refused, self.told, self.again = [], 0, 0, 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=one) for one in (self.fresh, self.kept)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def connect(self):
        while True:
            try:
                return Connection(SOCKET)
            except (ConnectionRefusedError, FileNotFoundError):
                self.refused += 1
                time.sleep(0.001)

    def fresh(self):
        """A connection for each call."""
        while not self.stop.is_set():
            connection = self.connect()
            try:
                if connection.ask(self.request)[1] == PREDICT:
                    self.answers.append(time.monotonic())
            except (ConnectionError, BrokenPipeError):
                pass
            connection.close()
            time.sleep(0.001)

    def kept(self):
        """One connection, until the daemon says that it goes away."""
        connection = self.connect()
        while not self.stop.is_set():
            try:
                identity, number, _ = connection.ask(self.request)
                if identity == 0 and number == GOING_AWAY:
                    self.told += 1
                    raise ConnectionError("going away")
                if number == PREDICT:
                    self.again = self.told
                time.sleep(0.001)
            except (ConnectionError, BrokenPipeError):
                connection.close()
                connection = self.connect()
        connection.close()


# Of the journal's messages: a unit's process ended, a unit's restart is scheduled.
EXITED, SCHEDULED = "98e322203f7a4ed290d09fe03c09fe15", "5eb03494b6584870a536b337290809b3"


def rested():
    """Seconds between the unit's last end and systemd's beginning with the next start."""
    subprocess.run(["journalctl", "--sync"], check=True)
    found = subprocess.run(["journalctl", "--unit", UNIT, "--output=json"], check=True,
                           capture_output=True, text=True).stdout
    entries = [json.loads(line) for line in found.splitlines()]
    end, start = ([int(e["__MONOTONIC_TIMESTAMP"]) for e in entries if e.get("MESSAGE_ID") == which]
                  for which in (EXITED, SCHEDULED))
    return (start[-1] - end[-1]) / 1e6


def first_answer(request, begin_again, what):
    """Has the daemon begin again while clients ask: when it answers, in milliseconds, and they."""
    clients = Clients(request)
    time.sleep(0.3)
    pid, begun = prop("MainPID"), time.monotonic()
    begin_again(int(pid))
    # Not asked for sooner or more often: each question is a process that takes a core.
    time.sleep(0.5)
    while prop("MainPID") in (pid, "0") or prop("ActiveState") != "active":
        time.sleep(0.1)
        if time.monotonic() - begun > 30:
            raise SystemExit(subprocess.run(["systemctl", "status", UNIT], capture_output=True,
                                            text=True).stdout)
    time.sleep(0.3)
    clients.end()
    # CLOCK_MONOTONIC in microseconds, as Python's clock.
    started = int(prop("ExecMainStartTimestampMonotonic")) / 1e6
    answered = min(at for at in clients.answers if at > started)
    rest = rested() if what == KILL else 0
    say(f"{what}: started after {(started - begun) * 1e3:.0f} ms, answered after "
        f"{(answered - begun) * 1e3:.0f} ms" + f", {rest * 1e3:.0f} of it at rest" * (rest > 0))
    return (answered - begun - rest) * 1e3, clients


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    request = predict("big", 8)
    connection = Connection(SOCKET)
    began = time.monotonic()
    while connection.ask(request)[1] != PREDICT:
        time.sleep(0.02)
    say(f"first start: answered after {time.monotonic() - began:.2f} s")
    time.sleep(1)
    bounds = Bounds()
    for what, begin_again in [
            ("systemctl restart", lambda _: subprocess.run(["systemctl", "restart", UNIT])),
            (KILL, lambda pid: os.kill(pid, signal.SIGKILL))]:
        times, refused, told, again = [], 0, 0, 0
        for _ in range(arguments.rounds):
            milliseconds, clients = first_answer(request, begin_again, what)
            times.append(milliseconds)
            refused += clients.refused
            told += clients.told
            again += clients.again
            subprocess.run(["systemctl", "reset-failed", UNIT], check=True)
            time.sleep(0.3)
        bounds.at_most(f"first answer after {what}, ms, median of {len(times)}", median(times),
                       100)
        bounds.at_most(f"connects refused over {what}", refused, 0)
        if what != KILL:
            bounds.at_least("kept connections that were told and then served again",
                            min(told, again), arguments.rounds)
    bounds.end()


if __name__ == "__main__":
    main()
