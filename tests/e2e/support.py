"""Where things are, processes that end with the test, waiting for conditions."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("UPROBE_EXPORTER_BUILD", SOURCE / "build" / "release")).resolve()
BINARY = BUILD / "uprobe_exporter"
WORK = BUILD / "e2e"
CONFIG = SOURCE / "probes.yaml"

# Exporters of tests hand nothing on to each other, nor to one that works on this machine.
NO_PINS = ("--bpf.pin-path", "")

# More than a quiet machine ever needs: only what never happens may reach it.
PATIENCE = float(os.environ.get("UPROBE_EXPORTER_PATIENCE", 180))

PR_SET_PDEATHSIG = 1


def wait_until(condition, what, processes=(), patience=PATIENCE):
    """Returns the first true value of condition(); an error when a process ends before, or after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        for process in processes:
            if not process.running():
                raise AssertionError(f"{what}: {process.name} ended with {process.code()}\n{process.tail()}")
        if time.monotonic() > deadline:
            logs = "\n".join(process.tail() for process in processes)
            raise AssertionError(f"{what}: not within {patience:.0f} s\n{logs}")
        time.sleep(0.02)


def required(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise AssertionError(f"{program} is not installed; scripts/setup.sh installs it")
    return path


def run(*command, check=True, **options):
    """Runs to the end; output and code are in the result, or in the error."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE * 3, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def kept_pins(test):
    """A place for the counts of this test's exporters, in a BPF file system; systemd mounts one at boot."""
    if not os.path.ismount("/sys/fs/bpf"):
        run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    pins = pathlib.Path("/sys/fs/bpf") / f"uprobe_exporter_test_{os.getpid()}_{id(test)}"
    test.addCleanup(shutil.rmtree, pins, ignore_errors=True)
    return pins


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program in the background. Its output goes to a file; it is gone when the test is."""

    def __init__(self, name, command, log, **options):
        self.name = name
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, preexec_fn=_die_with_parent, **options)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def code(self):
        return self.process.poll()

    def output(self):
        return self.log.read_text(errors="replace")

    def tail(self, lines=40):
        return f"--- {self.log}\n" + "\n".join(self.output().splitlines()[-lines:])

    def wait(self, patience=PATIENCE):
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end\n{self.tail()}") from None

    def stop(self, patience=PATIENCE):
        """SIGTERM, then its exit code; SIGKILL to one that does not listen is a failure."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(patience)
        finally:
            self.kill()

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait()


class TestCase(unittest.TestCase):
    """A test with a folder of its own, whose logs stay after it."""

    maxDiff = None

    def setUp(self):
        if os.geteuid() != 0:
            self.fail("the e2e tests attach probes: run them as root")
        if not BINARY.exists():
            self.fail(f"{BINARY} does not exist; build it, or set UPROBE_EXPORTER_BUILD")
        self.dir = WORK / "tests" / self.id().replace("test_", "")
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)

    def start(self, name, command, **options):
        process = Process(name, command, self.dir / f"{name}.log", **options)
        self.addCleanup(process.kill)
        return process

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path
