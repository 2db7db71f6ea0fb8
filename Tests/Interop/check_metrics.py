"""Reads Prometheus text from standard input as a scraper would, and says what is wrong with it.

Written from the description of the format (prometheus.io, "Text-based format"), not from the
program that writes it. Prints the number of samples; exits with 1 and a line for the first fault.
"""

import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def fail(number, line, why):
    print(f"line {number}: {why}: {line!r}", file=sys.stderr)
    sys.exit(1)


def value(text):
    return float({"+Inf": "inf", "-Inf": "-inf"}.get(text, text))


def labels(number, line, text):
    found = {}
    position = 0
    while position < len(text):
        match = LABEL.match(text, position)
        if not match:
            fail(number, line, "a label cannot be read")
        if match.group(1) in found:
            fail(number, line, "a label stands twice")
        found[match.group(1)] = match.group(2)
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                fail(number, line, "no comma between labels")
            position += 1
    return found


def family(types, name):
    """The family of a sample: histograms and summaries have suffixes."""
    if name in types:
        return name
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and types.get(base) in ("histogram", "summary"):
            return base
    return None


def main():
    document = sys.stdin.read()
    if not document.endswith("\n"):
        fail(0, document[-40:], "the last line has no end")
    types, seen, samples, closed, current = {}, set(), {}, set(), None
    for number, line in enumerate(document.splitlines(), 1):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types or kind not in TYPES:
                fail(number, line, "a type that stands twice or is none")
            types[name] = kind
            continue
        if line.startswith("#") or not line:
            continue
        match = NAME.match(line)
        if not match:
            fail(number, line, "no name")
        name, rest = match.group(), line[match.end():]
        found = {}
        if rest.startswith("{"):
            end = rest.rindex("}")
            found, rest = labels(number, line, rest[1:end]), rest[end + 1:]
        owner = family(types, name)
        if owner is None:
            fail(number, line, "a sample without type")
        if owner != current:
            if owner in closed:
                fail(number, line, "a family in two places")
            closed.add(current)
            current = owner
        key = (name, tuple(sorted(found.items())))
        if key in seen:
            fail(number, line, "a sample stands twice")
        seen.add(key)
        try:
            samples[key] = value(rest.strip())
        except ValueError:
            fail(number, line, "no number")
        if types[owner] == "counter" and not (name.endswith("_total") and samples[key] >= 0):
            fail(number, line, "a counter that is below 0 or not called total")
    check_histograms(types, samples)
    print(len(samples))


def check_histograms(types, samples):
    for name in (name for name, kind in types.items() if kind == "histogram"):
        series = {}
        for (sample, found), number in samples.items():
            if sample == name + "_bucket":
                rest = tuple(pair for pair in found if pair[0] != "le")
                series.setdefault(rest, []).append((value(dict(found)["le"]), number))
        for rest, buckets in series.items():
            buckets.sort()
            counts = [count for _, count in buckets]
            if counts != sorted(counts) or buckets[-1][0] != float("inf"):
                fail(0, f"{name} {rest}", "buckets fall or have no end")
            if samples.get((name + "_count", rest)) != counts[-1]:
                fail(0, f"{name} {rest}", "the last bucket is not the count")
            if (name + "_sum", rest) not in samples:
                fail(0, f"{name} {rest}", "no sum")


main()
