#!/usr/bin/env python3
"""What reloading one model does to the tail of another.

    reload_tail.py --programs .build/release --served PACKAGE --first PACKAGE --second PACKAGE

All three are packages that `tandem-bench package` wrote. A daemon serves model `a`. One client asks
it at Poisson arrivals of 40 % of what it answers one after the other, on a schedule that does not
wait for answers. Segments alternate: nothing else, or model `b` reloading back to back between two
versions. The medians over the segments of p99 and p99.9 are printed with their ratio.
"""
import argparse
import json
import random
import socket
import struct
import threading
import time

from served import Served


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def predict(model, rows):
    """A serialised tandem.v1.PredictRequest for a package of `tandem-bench package`."""
    items = struct.pack(f"<{rows}q", *(item * 7919 for item in range(rows)))
    column = field(1, b"item") + b"\x10\x02" + field(4, items)
    return field(1, model) + b"\x38" + varint(rows) + field(9, column)


class Client:
    """Sends a ready predict payload on a schedule, and times answers from when each was due."""

    def __init__(self, path, payload):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.payload = payload

    def segment(self, rate, seconds, chance):
        due, now = [], 0.0
        while now < seconds:
            now += chance.expovariate(rate)
            due.append(now)
        latencies = [None] * len(due)
        start = time.perf_counter()
        reader = threading.Thread(target=self.read, args=(start, due, latencies))
        reader.start()
        for index, at in enumerate(due):
            delay = at - (time.perf_counter() - start)
            if delay > 0:
                time.sleep(delay)
            self.send(index + 1)
        reader.join()
        return sorted(latencies)

    def send(self, number):
        message = b"\x08" + varint(number) + field(10, self.payload)
        self.socket.sendall(varint(len(message)) + message)

    def ask(self):
        """One call, waited for."""
        self.send(1)
        self.read(0.0, [0.0], [None])

    def read(self, start, due, latencies):
        buffer, left = bytearray(), len(due)
        while left:
            buffer += self.socket.recv(1 << 16)
            while True:
                size, at, shift = 0, 0, 0
                while at < len(buffer) and at < 10:
                    byte = buffer[at]
                    size |= (byte & 0x7F) << shift
                    at, shift = at + 1, shift + 7
                    if byte < 0x80:
                        break
                else:
                    break
                if len(buffer) < at + size:
                    break
                number, position, shift = 0, at + 1, 0
                while True:
                    byte = buffer[position]
                    number |= (byte & 0x7F) << shift
                    position, shift = position + 1, shift + 7
                    if byte < 0x80:
                        break
                latencies[number - 1] = time.perf_counter() - start - due[number - 1]
                del buffer[:at + size]
                left -= 1


def quantile(latencies, share):
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--served", required=True, help="model a's package")
    parser.add_argument("--rows", type=int, default=1000, help="candidates a request")
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--segments", type=int, default=20, help="of each kind")
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    with Served(arguments.programs) as served:
        served.publish(arguments.served, "a")
        for package in (arguments.first, arguments.second):
            served.publish(package, "b")
        for model in ("a", "b"):
            served.label(model, 1)
        served.start(models=2)
        client = Client(served.socket, predict(b"a", arguments.rows))
        client.segment(1000, 0.2, random.Random(0))
        start = time.perf_counter()
        for _ in range(200):
            client.ask()
        rate = 0.4 * 200 / (time.perf_counter() - start)
        chance = random.Random(1)
        results = {"quiet": [], "reloading": []}
        reloads = 0
        for segment in range(2 * arguments.segments):
            kind = "reloading" if segment % 2 else "quiet"
            stop = threading.Event()

            def reload():
                nonlocal reloads
                while not stop.is_set():
                    reloads += 1
                    served.reload("b", 1 + reloads % 2)

            worker = threading.Thread(target=reload) if kind == "reloading" else None
            if worker:
                worker.start()
            latencies = client.segment(rate, arguments.seconds, chance)
            stop.set()
            if worker:
                worker.join()
            results[kind].append((quantile(latencies, 0.99), quantile(latencies, 0.999)))
        report = {"rate": rate, "reloads": reloads}
        for index, name in enumerate(("p99", "p99.9")):
            medians = {kind: sorted(row[index] for row in rows)[len(rows) // 2] * 1e6
                       for kind, rows in results.items()}
            report[name] = {**medians, "ratio": medians["reloading"] / medians["quiet"]}
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
