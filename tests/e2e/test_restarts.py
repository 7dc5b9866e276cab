"""Processes that come and go: each call is counted once, for the right service, from the first on."""

import os
import subprocess
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase, run

CONFIG = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
  beta: {{ match: {{ exe: "{exe}", args: ["-role", "beta"] }} }}
  gamma: {{ match: {{ exe: "{exe}", args: ["-role", "gamma"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service, kind, status] }}
  work_duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [service], buckets: [60000] }}
  number_total: {{ type: counter, help: Sum of the numbers., labels: [service] }}
probes:
  - name: work
    service: [alpha, beta, gamma]
    function: main.(*worker).work
    signature: func(kind string, number int) error
    labels:
      kind: kind
      status: {{ error: "ret0 != nil", else: ok }}
    record: [work_total]
  - name: durations
    service: [alpha, beta, gamma]
    function: main.(*worker).work
    signature: func(kind string, number int) error
    record: [work_duration_ms, {{ metric: number_total, add: number }}]
"""

ROLES = ("alpha", "beta", "gamma")


class Truth:
    """What the processes did."""

    def __init__(self):
        self.calls, self.sums, self.runs = {}, {}, {}

    def made(self, role, n, kinds=1):
        self.runs[role] = self.runs.get(role, 0) + n
        for i in range(n):
            key = exposition.series("work_total", service=role, kind=f"kind{i % kinds}", status="error" if i % 5 == 4 else "ok")
            self.calls[key] = self.calls.get(key, 0) + 1
            self.sums[role] = self.sums.get(role, 0) + i


class Restarts(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")
        self.truth = Truth()
        self.exporter = start_exporter(self, self.write("probes.yaml", CONFIG.format(exe=self.exe)), "--strict")

    def serve(self, role, *arguments):
        return gofixture.Driven(self, self.exe, "-role", role, "-serve", *arguments)

    def drive(self, process, role, n):
        process.ask(str(n), f"done {n}")
        self.truth.made(role, n)

    def run_once(self, role, n, kinds=1):
        run(self.exe, "-role", role, "-calls", n, "-kinds", kinds)
        self.truth.made(role, n, kinds)

    def attach(self, *roles):
        """Starts one process of each service and waits until the probes are there."""
        processes = {role: self.serve(role) for role in roles}
        self.exporter.wait_attached(*roles)
        return processes

    def check(self):
        samples = self.exporter.samples()
        counted = {key: number for key, number in samples.items() if key[0] == "work_total"}
        self.assertEqual(counted, {key: float(n) for key, n in self.truth.calls.items()})
        for name, wanted in (("number_total", self.truth.sums), ("work_duration_ms_count", self.truth.runs)):
            self.assertEqual(exposition.by_label(samples, name, "service"), {role: float(n) for role, n in wanted.items()}, name)
        self.assertEqual(exposition.losses(samples), {})

    def test_restarts_are_counted_from_the_first_call(self):
        first = self.attach("alpha")["alpha"]
        self.drive(first, "alpha", 7)
        self.check()
        for _ in range(40):
            self.run_once("alpha", 7)
        self.check()
        # Nothing of the service runs at all for a while, then it comes back.
        first.stop()
        self.exporter.wait_processes(alpha=0)
        self.check()
        self.run_once("alpha", 11)
        self.drive(self.serve("alpha"), "alpha", 13)
        self.check()

    def test_three_services_of_one_binary_and_a_stranger(self):
        processes = self.attach(*ROLES)
        for n, (role, process) in enumerate(processes.items(), 3):
            self.drive(process, role, n)
            self.run_once(role, 10 * n, kinds=3)
        stranger = self.serve("delta")
        stranger.ask("50", "done 50")
        run(self.exe, "-role", "delta", "-calls", 60)
        run(self.exe, "-calls", 60)
        run(self.exe, "-role", "alphabet", "-calls", 60)
        self.run_once("beta", 1)
        self.check()
        self.exporter.wait_processes(alpha=1, beta=1, gamma=1)
        for role in ROLES:
            alone = self.exporter.samples(role)
            self.assertEqual({dict(labels)["service"] for labels in exposition.family(alone, "work_total")}, {role})

    def test_other_ways_to_write_a_flag(self):
        self.attach("alpha")
        for arguments in (["-role=alpha"], ["--role", "alpha"], ["--role=alpha"], ["-kinds", "1", "-role", "alpha"]):
            run(self.exe, *arguments, "-calls", 3)
            self.truth.made("alpha", 3)
        self.check()

    def test_one_process_is_several_services(self):
        """A process that executes another image keeps its pid; each image is counted as what it is."""
        self.attach(*ROLES)
        for _ in range(5):
            run("sh", "-c", f"exec {self.exe} -role alpha -calls 3",
                env={**os.environ, "NEXT": "beta 4 delta 5 gamma 6 alpha 7"})
            for role, n in (("alpha", 3), ("beta", 4), ("gamma", 6), ("alpha", 7)):
                self.truth.made(role, n)
        self.check()

    def test_long_command_lines(self):
        """What tells the service stands behind kilobytes of other arguments, as JVMs and containers have them."""
        self.attach("alpha")
        for length in (100, 450, 600, 3000):
            with self.subTest(length):
                replica = gofixture.Driven(self, self.exe, "-kinds", "1".rjust(length, "0"), "-role", "alpha", "-serve")
                self.drive(replica, "alpha", 5)
                self.check()
                replica.stop()
                self.check()

    def test_replicas(self):
        self.attach("alpha")
        replicas = [self.serve("alpha") for _ in range(2)]
        for n in (5, 9, 2):
            for replica in replicas:
                self.drive(replica, "alpha", n)
        self.check()
        self.exporter.wait_processes(alpha=3)
        # One leaves: what it did stays counted, and the other goes on.
        replicas[0].stop()
        self.drive(replicas[1], "alpha", 4)
        self.check()

    def test_bursts_of_short_processes(self):
        self.attach(*ROLES)
        for _ in range(8):
            running = [subprocess.Popen([self.exe, "-role", role, "-calls", "9", "-kinds", "2"])
                       for role in (*ROLES, *ROLES, "delta")]
            for process in running:
                self.assertEqual(process.wait(), 0)
            for role in (*ROLES, *ROLES):
                self.truth.made(role, 9, 2)
        self.check()

    def test_more_restarts_than_series(self):
        """Each start brings its own raw series; those of processes that are gone must not use up the metric's limit."""
        self.attach("alpha")
        for _ in range(300):
            self.run_once("alpha", 10, kinds=5)
        self.check()


if __name__ == "__main__":
    unittest.main(verbosity=2)
