"""A repository and a daemon over it, in a folder that goes with them."""
import pathlib
import shutil
import subprocess
import tempfile
import time

import wire


class Served:
    """Serves only what labels name, and looks at the repository only when it is told."""

    def __init__(self, programs, settings=()):
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.programs = pathlib.Path(programs)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-served-"))
        self.repository = self.folder / "models"
        self.socket = str(self.folder / "data.sock")
        self.admin = str(self.folder / "admin.sock")
        self.daemon = None
        self.control = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tool(self, *words):
        """Runs `tandem` and gives what it prints."""
        run = subprocess.run([str(self.programs / "tandem"), *words], capture_output=True,
                             text=True, timeout=120)
        if run.returncode != 0:
            raise SystemExit(f"tandem {' '.join(words)}: {run.stderr}\n"
                             + (self.folder / "log").read_text()[-2000:])
        return run.stdout

    def publish(self, package, model):
        self.tool("publish", package, str(self.repository), "--model", model)

    def label(self, model, version, *options):
        self.tool("label", str(self.repository / model), f"stable={version}", *options)

    def reload(self, model, version):
        """Has the daemon serve another version, and waits until it does.

        As `tandem label` does, but without starting a program, which would show in what is measured
        meanwhile.
        """
        labels = self.repository / model / "labels.toml"
        new = labels.with_suffix(".new")
        new.write_text(f"[labels]\nstable = {version}\n")
        new.replace(labels)
        if self.control is None:
            self.control = wire.Connection(self.admin)
        _, number, payload = self.control.call(wire.point_label(model, "stable", version))
        if number != 34:
            raise SystemExit(f"a reload of {model} was refused: {payload!r}\n"
                             + (self.folder / "log").read_text()[-2000:])

    def start(self, models):
        """Starts the daemon and waits until so many models are ready."""
        self.daemon = subprocess.Popen(
            [str(self.programs / "tandemd"), "--repository", str(self.repository), "--socket",
             self.socket, "--admin-socket", self.admin, "--versions", "listed", "--no-watch",
             *self.settings], stderr=open(self.folder / "log", "wb"))
        deadline = time.monotonic() + 120
        while subprocess.run(
                [str(self.programs / "tandem"), "models", "--ready", "--admin-socket", self.admin],
                capture_output=True).stdout.count(b"READY") != models:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon is not ready:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)
