"""Our engine beside ONNX Runtime, OpenVINO and PyTorch: one run, same inputs, turn and turn about.

Every engine is a process of its own that has the model loaded and waits. A round asks each in turn
for so many seconds of calls, and there are many rounds, so that a slow spell of the machine falls
on all alike; a figure is the median of the rounds' medians. Models, their inputs and the engines'
best settings are those of the scripts in --peers (models.py, bench_inprocess.py); here are only the
turns, our own engine, and the settings found since.

A peer that does not start within --start-limit seconds is named, left out, and not tried again on
later models: PyTorch's compiler takes minutes for a model where it is slow.

`exported` is the best engine on the graph as a framework exports it, `by hand` the best on the
graph rewritten by hand for that engine; ours always gets the exported one.

    python bench_peers.py --peers ../shared/peers --models DIR --tandem .build/release/tandem
    python bench_peers.py ... --only mmoe,ple --rows 64,256 --rounds 21
    python bench_peers.py ... --threads 2 --executor float --engines ort_fp32
"""

import argparse
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MODELS = ["shared_bottom", "mmoe", "ple", "esmm", "lstm", "minilm32", "minilm128"]
# Those that have been the best of all in some cell, and what is close to them.
ENGINES = [
    "ort_static",
    "ort_dynamic",
    "ort_all",
    "ov_default",
    "ov_int8",
    "ov_int8_fixed",
    "torch_pt2e",
]
HAND_ENGINES = ["ort_static", "ort_all", "ov_int8", "ov_int8_fixed", "torch_pt2e"]
# The other routes leave the recurrence in float, and torch's dynamic one is slower than both.
LSTM_ENGINES = ["ort_dynamic", "ov_default"]
# What a float program is compared with.
FLOAT_ENGINES = ["ort_fp32"]
LEFT_OUT = {("minilm32", "ort_all"), ("minilm128", "ort_all"), ("minilm128", "torch_pt2e")}
# Tables' parameters, which a floor does not read whole.
TABLES = {"lstm": 1000 * 128, "minilm32": 30522 * 384, "minilm128": 30522 * 384}
RANK_TABLES = 40 * 100_000 * 16
# The least ratios (peer / ours) that int8 on one thread is to reach, by rows 1, 16, 64, 256, 1024.
BARS = {
    ("shared_bottom", False): (5.3, 3.4, 2.2, 2.0, 1.9),
    ("shared_bottom", True): (2.8, 2.1, 1.45, 1.35, 1.3),
    ("mmoe", False): (4.6, 3.4, 2.8, 2.6, 2.5),
    ("mmoe", True): (3.5, 2.3, 1.8, 1.6, 1.6),
    ("ple", False): (3.8, 2.8, 2.4, 2.1, 1.9),
    ("ple", True): (3.7, 2.4, 1.95, 1.7, 1.6),
    ("esmm", False): (4.6, 3.0, 2.1, 1.85, 1.75),
    ("esmm", True): (2.75, 1.8, 1.3, 1.2, 1.2),
    ("lstm", False): (2.5, 2.2, 2.8, 3.5, 3.5),
    ("minilm32", False): (1.25, 1.15),
    ("minilm128", False): (1.15, 1.15),
}
# The most times the floor that ranking models are to take, by rows.
FLOOR_BARS = {64: 1.55, 256: 1.45, 1024: 1.45}


def engines_of(model, chosen, executor):
    """(model's form, engine) of every peer in a model's run."""
    if executor == "float":
        found = [(model, e) for e in FLOAT_ENGINES]
        return [(m, e) for m, e in found if not chosen or e in chosen]
    if model == "lstm":
        found = [(model, e) for e in LSTM_ENGINES]
    else:
        found = [(model, e) for e in ENGINES if (model, e) not in LEFT_OUT]
    if not model.startswith(("lstm", "minilm")):
        found += [(model + ".opt", e) for e in HAND_ENGINES]
    return [(m, e) for m, e in found if not chosen or e in chosen]


# ---- a peer's process -------------------------------------------------------------------------


def peer(name, threads):
    """The engine object of bench_inprocess.py, or one of the settings found since."""
    import bench_inprocess as scripts

    if name == "ov_int8_fixed":

        class Fixed(scripts.OpenVino):
            """Compiled once for each batch size: faster than with a free one."""

            def __init__(self, spec, engine, threads, models):
                super().__init__(spec, "ov_int8", threads, models)

            def load(self):
                pass

            def calls(self, requests):
                core = self.ov.Core()
                model = core.read_model(self.path)
                model.reshape({name: list(array.shape) for name, array in requests[0].items()})
                self.model = core.compile_model(model, "CPU", self.config)
                self.request = self.model.create_infer_request()
                return super().calls(requests)

        return Fixed
    return {"ort": scripts.Ort, "ov": scripts.OpenVino, "torch": scripts.Torch}[name.split("_")[0]]


def a_round(calls, seconds):
    """Calls for some time, after a few that are not timed; the index of the pool goes on."""
    clock, samples = time.perf_counter_ns, []
    for _ in range(3):
        next(calls)()
    end = clock() + int(seconds * 1e9)
    while clock() < end or len(samples) < 5:
        call = next(calls)
        start = clock()
        call()
        samples.append(clock() - start)
    return statistics.median(samples) / 1e3


def serve(options):
    """Loads a model; then a round for each line of standard input, which is a number of rows."""
    import itertools
    import warnings

    warnings.filterwarnings("ignore")
    import bench_inprocess as scripts
    import models
    import numpy as np

    name, engine = options.serve.split("/")
    spec = models.SPECS[name]
    one = peer(engine, options.threads)(spec, engine, options.threads, options.models)
    one.load()
    pools = {}
    with contextlib.ExitStack() as scope:
        if engine.startswith("torch"):
            scope.enter_context(one.torch.inference_mode())
        one.calls(models.requests(spec, models.CHECK_ROWS, 1, seed=7))[0]()
        with np.load(options.models / f"{name}.npz") as reference:
            error = max(
                float(np.abs(a - reference[k]).max())
                for a, k in zip(one.outputs(), reference.files, strict=True)
            )
        print(json.dumps({"max_error": error}), flush=True)
        for line in sys.stdin:
            rows = int(line)
            if rows not in pools:
                pool = models.requests(spec, rows, scripts.POOL[rows] if spec.kind == "rank" else 8)
                pools[rows] = itertools.cycle(one.calls(pool))
            print(json.dumps({"p50_us": a_round(pools[rows], options.seconds)}), flush=True)


# ---- our side ---------------------------------------------------------------------------------


def to_numpy_files(requests, folder):
    """Requests end to end, an array an input, ids in 32 bits."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for name in requests[0]:
        array = np.concatenate([r[name] for r in requests])
        np.save(
            folder / f"{name}.npy", array.astype(np.int32) if array.dtype == np.int64 else array
        )


def write_calibration(spec, folder):
    """What every package that is measured was calibrated on: rows of many requests."""
    import models
    import numpy as np

    rows, count = (16, 128) if spec.kind == "rank" else (8, 1)
    requests = models.requests(spec, rows, count, seed=99)
    for request in requests:
        for name, array in request.items():
            if len(array) == 1:
                request[name] = np.repeat(array, rows, axis=0)
    to_numpy_files(requests, folder)


class Ours:
    """A package made from the exported model, its error against fp32, and its process."""

    def __init__(self, model, options, work):
        import bench_inprocess as scripts
        import models

        spec = models.SPECS[model]
        self.tandem = str(options.tandem)
        self.package = work / "packages" / model / "1"
        shutil.rmtree(self.package.parent, ignore_errors=True)
        write_calibration(spec, work / "calibration" / model)
        onnx = options.models / f"{model}.fp32.onnx"
        self.call(
            "import", onnx, "--out", self.package, "--calibrate", work / "calibration" / model
        )
        self.requests = work / "requests" / model
        for rows in rows_of(model, options.rows):
            pool = models.requests(spec, rows, scripts.POOL[rows] if spec.kind == "rank" else 8)
            to_numpy_files(pool, self.requests / str(rows))
        self.error = self.error_of(spec, options, work / "check" / model)

    def call(self, *arguments):
        done = subprocess.run([self.tandem, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench_peers: tandem {arguments[0]}: {done.stderr.strip()}")

    def error_of(self, spec, options, folder):
        """(largest, mean) difference of the scores from fp32 ONNX Runtime's."""
        import models
        import numpy as np

        to_numpy_files(models.requests(spec, models.CHECK_ROWS, 1, seed=7), folder)
        (folder / "out").mkdir(exist_ok=True)
        self.call(
            "predict", self.package, "--executor", options.executor,
            "--inputs", folder, "--outputs", folder / "out",
        )  # fmt: skip
        with np.load(options.models / f"{spec.name}.npz") as reference:
            wanted = [reference[k] for k in reference.files]
        names = [o for o in ("task0", "task1", "task2", "ctr", "cvr", "ctcvr", "binary", "classes")]
        found = [
            np.load(folder / "out" / f"{n}.npy")
            for n in names
            if (folder / "out" / f"{n}.npy").exists()
        ]
        gaps = np.concatenate([np.abs(a - b).ravel() for a, b in zip(found, wanted, strict=True)])
        return float(gaps.max()), float(gaps.mean())

    def command(self, options):
        return [
            self.tandem, "bench", str(self.package), "--requests", str(self.requests), "--paced",
            "--seconds", str(options.seconds), "--threads", str(options.threads),
            "--executor", options.executor,
        ]  # fmt: skip


# ---- the turns --------------------------------------------------------------------------------


class Waiting:
    """A process that measures a round for each line it is sent."""

    def __init__(self, label, command, threads, log):
        self.label, self.log = label, log
        env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.child = subprocess.Popen(
            [str(c) for c in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=env,
            start_new_session=True,
        )

    def answer(self, limit=None):
        """What the process says next; None if it ended, or said nothing for `limit` seconds."""
        if limit and not select.select([self.child.stdout], [], [], limit)[0]:
            return None
        line = self.child.stdout.readline()
        return json.loads(line) if line.startswith("{") else None

    def measured(self, rows):
        try:
            self.child.stdin.write(f"{rows}\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            return None
        return self.answer()

    def close(self):
        """Ends the process politely, or its whole group: compilers have children."""
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        try:
            self.child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def left_out(label, reason):
    print(f"bench_peers: {label} is left out: {reason}", file=sys.stderr, flush=True)


def started(model, ours, options, log, slow):
    """All engines of a model, loaded; what fails or takes too long is named and left out."""
    engines = [Waiting("tandem", ours.command(options), options.threads, log)]
    for form, engine in engines_of(model, options.engines, options.executor):
        if engine in slow:
            left_out(f"{form}/{engine}", slow[engine])
            continue
        command = [
            sys.executable,
            "-u",
            __file__,
            "--peers",
            options.peers,
            "--models",
            options.models,
        ]
        command += [
            "--threads",
            options.threads,
            "--seconds",
            options.seconds,
            "--serve",
            f"{form}/{engine}",
        ]
        one = Waiting(f"{form}/{engine}", command, options.threads, log)
        ready = one.answer(options.start_limit)
        if ready is None:
            if one.child.poll() is None:
                slow[engine] = f"did not start within {options.start_limit:g} s on {form}"
                left_out(one.label, slow[engine])
            else:
                left_out(one.label, f"it failed; see {log.name}")
            one.close()
        else:
            print(f"{one.label}: loaded, max error {ready['max_error']:.4f}", flush=True)
            engines.append(one)
    return engines


def medians(engines, rows, rounds):
    """Microseconds a call by engine; each round asks all of them, in an order that turns."""
    found = {e.label: [] for e in engines}
    for turn in range(rounds):
        at = turn % len(engines)
        for engine in engines[at:] + engines[:at]:
            answer = engine.measured(rows)
            if answer:
                found[engine.label].append(answer["p50_us"])
    return {label: statistics.median(values) for label, values in found.items() if values}


def rows_of(model, rows):
    most = {"minilm32": 64, "minilm128": 16}.get(model, 1024)
    return [r for r in rows if r <= most]


def floors(options):
    """A function of model and rows: the least microseconds that the machine allows (summary.py)."""
    done = subprocess.run(
        [options.tandem.parent / "tandem-bench", "limits", "--json"], capture_output=True, text=True
    )
    if done.returncode:
        left_out("the floor", done.stderr.strip() or "tandem-bench limits failed")
        return lambda model, rows: None
    found = json.loads(done.stdout)["results"]
    gops = max(r["value"] for r in found if r["name"] == "int8 multiply-adds")
    l3 = next(r["value"] for r in found if r.get("shape", "").startswith("L3"))

    def floor(model, rows):
        shared = options.models / f"{model}.opt.json"
        path = shared if shared.exists() else options.models / f"{model}.json"
        facts = json.loads(path.read_text())
        weights = facts["parameters"] - TABLES.get(model, RANK_TABLES)
        return max(2 * facts["macs_per_row"] * rows / gops, weights / l3) / 1e3

    return floor


def measured(model, options, work, slow, floor):
    """One record a batch size."""
    ours = Ours(model, options, work)
    print(
        f"\n{model}: ours differs from fp32 by {ours.error[0]:.4f} at most, "
        f"{ours.error[1]:.5f} on average"
    )
    records = []
    with open(work / f"{model}.log", "w") as log:
        engines = started(model, ours, options, log, slow)
        try:
            for rows in rows_of(model, options.rows):
                found = medians(engines, rows, options.rounds)
                records.append(
                    {"model": model, "rows": rows, "error": ours.error, "p50_us": found}
                    | {"floor_us": floor(model, rows)}
                )
                print(
                    f"{rows:5d} rows: " + ", ".join(f"{k} {v:.0f}" for k, v in found.items()),
                    flush=True,
                )
        finally:
            for engine in engines:
                engine.close()
    return records


def best(record, by_hand):
    """The fastest peer of one column: (microseconds, engine), or None."""
    peers = {
        k: v for k, v in record["p50_us"].items() if k != "tandem" and (".opt/" in k) == by_hand
    }
    return min(((v, k.split("/")[1]) for k, v in peers.items()), default=None)


def judged(value, bar, text, is_least=True):
    """A cell's text with its verdict; without one where there is no bar."""
    if bar is None:
        return text
    passes = value >= bar if is_least else value <= bar
    return f"{text} {'pass' if passes else 'FAIL'} ({bar:g})"


def bar_of(model, by_hand, rows, options):
    """The least ratio of a cell; None where there is none, as on two threads or in float."""
    if options.executor == "float":
        return 1.0
    places = [1, 16, 64, 256, 1024]
    bars = BARS.get((model, by_hand), ())
    if options.threads != 1 or rows not in places[: len(bars)]:
        return None
    return bars[places.index(rows)]


def floor_line(model, mine, rows, options):
    """Ours over the floor, by rows."""
    is_judged = options.threads == 1 and options.executor == "int8"
    is_ranking = not model.startswith(("lstm", "minilm"))
    cells = []
    for count in rows:
        record = mine.get(count, {})
        own, floor = record.get("p50_us", {}).get("tandem"), record.get("floor_us")
        bar = FLOOR_BARS.get(count) if is_judged and is_ranking else None
        cells.append(
            judged(own / floor, bar, f"{own / floor:.2f}x", is_least=False)
            if own and floor
            else ""
        )
    return f"| {model}, ours / floor | " + " | ".join(cells) + " |"


def table(records, options):
    """Ratios as Markdown: peer / ours (our microseconds; the peer), each beside its bar."""
    rows = sorted({r["rows"] for r in records})
    lines = [
        "| model | " + " | ".join(f"rows {r}" for r in rows) + " |",
        "|---|" + "---:|" * len(rows),
    ]
    for model in dict.fromkeys(r["model"] for r in records):
        mine = {r["rows"]: r for r in records if r["model"] == model}
        for by_hand in (False, True):
            cells = []
            for count in rows:
                peer = best(mine[count], by_hand) if count in mine else None
                own = mine[count]["p50_us"].get("tandem") if count in mine else None
                if not (peer and own):
                    cells.append("")
                    continue
                text = f"{peer[0] / own:.2f}x ({own:,.1f}; {peer[1]})"
                cells.append(judged(peer[0] / own, bar_of(model, by_hand, count, options), text))
            if any(cells):
                lines.append(
                    f"| {model}, {'by hand' if by_hand else 'exported'} | "
                    + " | ".join(cells)
                    + " |"
                )
        if options.executor == "int8":
            lines.append(floor_line(model, mine, rows, options))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="the peers' scripts")
    parser.add_argument(
        "--models", type=pathlib.Path, required=True, help="what their models.py wrote"
    )
    parser.add_argument("--tandem", type=pathlib.Path, help="our command line")
    parser.add_argument(
        "--work", type=pathlib.Path, help="for packages and requests; a temporary folder by default"
    )
    parser.add_argument("--only", default=",".join(MODELS), help="models, separated by commas")
    parser.add_argument("--engines", default="", help="peers, separated by commas; all by default")
    parser.add_argument("--rows", default="1,16,64,256,1024")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--seconds", type=float, default=0.05, help="of calls a round, engine and batch size"
    )
    parser.add_argument("--threads", type=int, default=1, help="of every engine")
    parser.add_argument(
        "--start-limit", type=float, default=60, help="seconds that a peer may take to start"
    )
    parser.add_argument(
        "--executor", default="int8", choices=["int8", "float"], help="ours, and its peers"
    )
    parser.add_argument("--json", type=pathlib.Path, help="all figures")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(options.peers))
    if options.serve:
        return serve(options)
    options.rows = [int(r) for r in options.rows.split(",")]
    options.engines = [e for e in options.engines.split(",") if e]
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or pathlib.Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        records, slow, floor = [], {}, floors(options)
        for model in options.only.split(","):
            records += measured(model, options, work, slow, floor)
            if options.json:
                options.json.write_text(json.dumps(records, indent=1))
    print(
        "\nPeer / ours (our microseconds; the peer), one process and one turn each:\n\n"
        + table(records, options)
    )


if __name__ == "__main__":
    main()
