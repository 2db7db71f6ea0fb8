"""Our engine beside ONNX Runtime, OpenVINO and PyTorch: one run, same inputs, turn and turn about.

Every engine is a process of its own that has the model loaded and waits. A round asks each in turn
for so many seconds of calls, and there are many rounds, so that a slow spell of the machine falls
on all alike; a figure is the median of the rounds' medians. Models, their inputs and the engines'
best settings are those of the scripts in --peers (models.py, bench_inprocess.py); here are only the
turns, our own engine, and the settings found since.

`exported` is the best engine on the graph as a framework exports it, `by hand` the best on the
graph rewritten by hand for that engine; ours always gets the exported one.

    python bench_peers.py --peers ../shared/peers --models DIR --tandem .build/release/tandem
    python bench_peers.py ... --only mmoe,ple --rows 64,256 --rounds 21
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
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
LEFT_OUT = {("minilm32", "ort_all"), ("minilm128", "ort_all"), ("minilm128", "torch_pt2e")}


def engines_of(model, chosen):
    """(model's form, engine) of every peer in a model's run."""
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


class Ours:
    """A package made from the exported model, its error against fp32, and its process."""

    def __init__(self, model, options, work):
        import bench_inprocess as scripts
        import models

        spec = models.SPECS[model]
        self.tandem = str(options.tandem)
        self.package = work / "packages" / model / "1"
        shutil.rmtree(self.package.parent, ignore_errors=True)
        calibration = models.requests(spec, 64 if spec.kind == "rank" else 8, 1, seed=99)
        to_numpy_files(calibration, work / "calibration" / model)
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
        self.call("predict", self.package, "--inputs", folder, "--outputs", folder / "out")
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
            "--seconds", str(options.seconds), "--threads", "1",
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
        )

    def answer(self):
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
        self.child.stdin.close()
        self.child.wait()


def started(model, ours, options, log):
    """All engines of a model, loaded; what fails is named and left out."""
    engines = [Waiting("tandem", ours.command(options), options.threads, log)]
    for form, engine in engines_of(model, options.engines):
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
        ready = one.answer()
        if ready is None:
            print(
                f"bench_peers: {one.label} failed and is left out; see {log.name}", file=sys.stderr
            )
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


def measured(model, options, work):
    """One record a batch size."""
    ours = Ours(model, options, work)
    print(
        f"\n{model}: ours differs from fp32 by {ours.error[0]:.4f} at most, "
        f"{ours.error[1]:.5f} on average"
    )
    records = []
    with open(work / f"{model}.log", "w") as log:
        engines = started(model, ours, options, log)
        try:
            for rows in rows_of(model, options.rows):
                found = medians(engines, rows, options.rounds)
                records.append({"model": model, "rows": rows, "error": ours.error, "p50_us": found})
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


def table(records):
    """Ratios as Markdown: peer / ours (our microseconds; the peer)."""
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
                cells.append(
                    f"{peer[0] / own:.2f}x ({own:,.0f}; {peer[1]})" if peer and own else ""
                )
            if any(cells):
                lines.append(
                    f"| {model}, {'by hand' if by_hand else 'exported'} | "
                    + " | ".join(cells)
                    + " |"
                )
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
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument(
        "--seconds", type=float, default=0.1, help="of calls a round, engine and batch size"
    )
    parser.add_argument("--threads", type=int, default=1, help="of the peers; ours takes one")
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
        records = []
        for model in options.only.split(","):
            records += measured(model, options, work)
            if options.json:
                options.json.write_text(json.dumps(records, indent=1))
    print(
        "\nPeer / ours (our microseconds; the peer), one process and one turn each:\n\n"
        + table(records)
    )


if __name__ == "__main__":
    main()
