"""The stand-in for Resonance (tests/resonance): services, load, truth."""

import functools
import hashlib
import json
import os
import pathlib
import re
import urllib.request

from support import CONFIG, PATIENCE, SOURCE, WORK, run, wait_until

BIN = WORK / "resonance"
MODULES = ("gateway", "logic", "task")


@functools.cache
def build():
    WORK.mkdir(parents=True, exist_ok=True)
    run(SOURCE / "tests" / "resonance" / "build.sh", BIN)
    return BIN


def write_config(path):
    """The shipped probes.yaml, for our own binary only: others may run the same services on this machine."""
    text = CONFIG.read_text()
    wanted = 'exe: "*/resonance"'
    if text.count(wanted) != len(MODULES):
        raise AssertionError(f"{CONFIG}: want {wanted} once for each service")
    pathlib.Path(path).write_text(text.replace(wanted, f'exe: "{BIN}/resonance"'))
    return path


def binary_hash():
    return hashlib.sha256((BIN / "resonance").read_bytes()).hexdigest()


def start_time(pid):
    """In clock ticks since the machine began: another process of the same pid has another."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[19]


class Stage:
    """The running services."""

    def __init__(self, test, mode="embedded", gateways=2, environment=None):
        build()
        self.file = test.dir / "stage.json"
        self.process = test.start("stage", [BIN / "stage", "-mode", mode, "-gateways", gateways, "-dir", test.dir / "services",
                                            "-out", self.file], env={**os.environ, **(environment or {})})
        # Last in, first out: asked to stop before it is killed.
        test.addCleanup(self.stop)

    def wait(self):
        wait_until(lambda: self.file.exists() and self.file.stat().st_size, "starting the services", [self.process])
        self.description = json.loads(self.file.read_text())
        self.pids = {service["pid"]: start_time(service["pid"]) for service in self.description["services"]}
        return self

    def stall(self, on):
        """Stops task's workers inside their handlers, or lets them go."""
        for service in self.description["services"]:
            if service["module"] == "task":
                post(f"http://{service['control']}/stall?on={'true' if on else 'false'}", [self.process])

    def running(self):
        """{pid: start time} of those of our services that run now."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe") == str(BIN / "resonance"):
                    found[int(entry.name)] = start_time(entry.name)
            except OSError:
                pass  # ended meanwhile, or a kernel thread
        return found

    def stop(self):
        code = self.process.stop()
        if code != 0:
            raise AssertionError(f"stage ended with {code}\n{self.process.tail()}")


class Load:
    """The load client; it waits at each checkpoint."""

    def __init__(self, test, stage, since="begin", size="small", users=0):
        self.test = test
        self.dir = test.dir
        self.process = test.start("load", [BIN / "loadclient", "-stage", stage.file, "-out", self.dir, "-wait", "file", "-since",
                                           since, "-size", size, "-users", users])

    def truth_file(self, checkpoint):
        return self.dir / f"truth-{checkpoint}.json"

    def reach(self, checkpoint, patience=600):
        file = self.truth_file(checkpoint)
        wait_until(lambda: file.exists() and file.stat().st_size, f"load until {checkpoint}", [self.process], patience)
        return json.loads(file.read_text())

    def go_on(self, checkpoint):
        (self.dir / f"go-{checkpoint}").touch()

    def finish(self):
        code = self.process.wait()
        if code != 0:
            raise AssertionError(f"the load client ended with {code}\n{self.process.tail()}")


class SteadyTraffic:
    """The load client without checkpoints: its faults are switched while it runs."""

    def __init__(self, test, stage):
        self.process = test.start("traffic", [BIN / "loadclient", "-stage", stage.file, "-out", test.dir, "-steady"])
        self.address = wait_until(self._address, "the traffic's address", [self.process])

    def _address(self):
        found = re.search(r"steady addr=(\S+)", self.process.output())
        return found and found[1]

    def _post(self, command):
        post(f"http://{self.address}/{command}", [self.process])

    def fault(self, kind, percent):
        """Of all calls, so many are of this kind: error, slow, panic, overflow."""
        self._post(f"fault?kind={kind}&percent={percent}")

    def connections(self, number):
        """Opens or closes WebSockets until so many are open."""
        self._post(f"connections?open={number}")

    def flood(self, messages):
        """Gives messages to logic, as fast as it takes them."""
        self._post(f"flood?messages={messages}")

    def stop(self):
        code = self.process.stop()
        if code != 0:
            raise AssertionError(f"the traffic ended with {code}\n{self.process.tail()}")


def post(url, processes=()):
    request = urllib.request.Request(url, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            pass
    except OSError as error:
        logs = "\n".join(process.tail() for process in processes)
        raise AssertionError(f"POST {url}: {error}\n{logs}") from error


def compare(truth, page, rows, *options):
    """compare's exit code, output, and the rows it wrote."""
    pathlib.Path(rows).unlink(missing_ok=True)
    done = run(BIN / "compare", "-brief", *options, "-truth", truth, "-json", rows, page, check=False)
    return done.returncode, done.stdout + done.stderr, json.loads(pathlib.Path(rows).read_text())
