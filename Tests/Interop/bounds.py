"""Measured values that are held against bounds, a line each: `name: value (bound) pass`."""
import sys


class Bounds:
    """Prints as it goes; `end` makes a failure the exit status."""

    def __init__(self):
        self.failed = False

    def at_most(self, name, value, bound):
        self._report(name, value, f"at most {bound:.4g}", value <= bound)

    def at_least(self, name, value, bound):
        self._report(name, value, f"at least {bound:.4g}", value >= bound)

    def _report(self, name, value, bound, passes):
        print(f"{name}: {value:.4g} ({bound}) {'pass' if passes else 'fail'}", flush=True)
        self.failed |= not passes

    def end(self):
        sys.exit(1 if self.failed else 0)


def median(values):
    return sorted(values)[len(values) // 2]


def say(text):
    """Progress, beside what the script prints in the end."""
    print(text, file=sys.stderr, flush=True)
