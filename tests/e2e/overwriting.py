"""A service whose file is overwritten in place by another build, again and again, while the exporter gets no CPU."""

import itertools
import random
import shutil
import signal
import subprocess
import time

import exposition
import gofixture
from exporter import start_exporter
from support import PATIENCE, wait_until

CONFIG = """
services: {{ overwritten: {{ match: {{ exe: "{exe}", args: ["-serve"] }} }} }}
metrics:
  calls_total: {{ type: counter, help: Calls. }}
  call_duration_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [1, 2] }}
probes:
  - {{ service: overwritten, function: main.handle, record: [calls_total, call_duration_ms] }}
"""

STRIPPED = "-ldflags=-s -w"


class Overwriting:
    """In file scope, a lease makes the writer wait; with another process of the same file, breakpoints are per process and
    nothing makes it wait."""

    def __init__(self, test, per_process):
        self.test = test
        self.per_process = per_process
        self.builds = itertools.cycle((gofixture.build("overwritten", (STRIPPED,), variant="this"),
                                       gofixture.build("overwritten", (STRIPPED, "-tags=other"), variant="other")))
        self.exe = test.dir / "service"
        shutil.copy(next(self.builds), self.exe)
        self.exporter = start_exporter(test, test.write("probes.yaml", CONFIG.format(exe=self.exe)))
        self.chance = random.Random(20261130)
        self.service = self.other = None
        self.start()

    def start(self):
        if self.per_process:
            self.other = gofixture.Driven(self.test, self.exe, "-idle")
        self.service = gofixture.Driven(self.test, self.exe, "-serve")

    def kill(self):
        for process in filter(None, (self.service, self.other)):
            process.kill()

    def counted(self):
        return sum(exposition.family(self.exporter.samples(), "calls_total").values())

    def call(self, number):
        """A service that was harmed does not answer."""
        self.service.ask(str(number), f"done {number}")

    def wait_counted(self):
        before = self.counted()

        def another():
            self.call(1)
            return self.counted() > before

        wait_until(another, "calls of the service that runs now are counted", [self.exporter.process])

    def check_counts(self):
        """From its attach on, each call is counted once."""
        self.wait_counted()
        before = self.counted()
        self.call(100)
        self.test.assertEqual(self.counted() - before, 100)

    def overwrite(self):
        """The exporter sleeps while the file becomes another program."""
        self.exporter.process.process.send_signal(signal.SIGSTOP)
        self.kill()
        writer = subprocess.Popen(["cp", str(next(self.builds)), str(self.exe)])
        if self.per_process:
            self.test.assertEqual(writer.wait(PATIENCE), 0)
            self.start()
            self.exporter.process.process.send_signal(signal.SIGCONT)
        else:
            self.exporter.process.process.send_signal(signal.SIGCONT)
            self.test.assertEqual(writer.wait(PATIENCE), 0)
            self.start()

    def run(self, times):
        """Half of the times when the service is counted already, half while it is inspected and attached to."""
        for number in range(times):
            if number % 2:
                self.wait_counted()
            else:
                time.sleep(self.chance.uniform(0, 0.2))  # when it is overwritten is the point
            self.overwrite()
            self.call(20)
            if number % 10 == 9:
                self.check_counts()
        self.check_counts()

    def scopes(self):
        """The log's words for how breakpoints were set."""
        log = self.exporter.process.output().splitlines()
        return {word for line in log if "msg=attached " in line for word in line.split() if word.startswith("scope=")}
