#!/usr/bin/env python3
"""One node, many services: what an exporter needs for 10, 25 and 50 services of several processes each, and that all of
their calls are counted. And a pattern that matches 20,000 functions of one.

    many_services.py [--services 10,25,50] [--processes 20] [--write]    --write: into docs/reliability.md
"""

import argparse
import dataclasses
import datetime
import os
import pathlib
import re
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
import gofixture
from exporter import start_exporter
from exposition import by_label, family, series
from load import Truth
from reliability import PAGE, machine, replace_section
from support import TestCase, required, run

SERVICE = '  s{n}: {{ match: {{ exe: "{exe}" }} }}\n'
CONFIG = """\
services:
{services}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service, kind] }}
  timed_ms: {{ type: histogram, help: Durations., labels: [service], unit: ms, buckets: [60000] }}
probes:
  - name: work
    service: [{names}]
    function: main.work
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
  - {{ name: timed, service: [{names}], function: main.timed, record: [timed_ms] }}
"""
CALLS = 1000

MANY_FUNCTIONS = """\
services:
  many: {{ match: {{ exe: "{exe}" }} }}
metrics:
  calls_total: {{ type: counter, help: Calls. }}
probes:
  - {{ name: all, service: many, function: main.handle*, record: [calls_total] }}
  - {{ name: one, service: many, function: main.handle7, record: [calls_total] }}
"""
MANY_FUNCTIONS_PROGRAM = """\
package main

import "fmt"

var sum int

{functions}
var all = []func(){{{names}}}

func main() {{
	fmt.Println("ready")
	for {{
		if _, err := fmt.Scanln(); err != nil && err.Error() != "unexpected newline" {{
			return
		}}
		for _, each := range all {{
			each()
		}}
		fmt.Println("called", sum)
	}}
}}
"""


@dataclasses.dataclass
class Cost:
    services: int
    processes: int
    attach_seconds: float
    cpu_seconds: float
    resident_mib: float
    descriptors: int
    scrape_ms: float


class ManyServices(TestCase):
    sizes = (10, 25, 50)
    processes = 20
    costs = []

    def test_many_services(self):
        exe = gofixture.build("load")
        for services in self.sizes:
            with self.subTest(services):
                ManyServices.costs.append(self.measure(exe, services))
        # Twice the services cost at most about twice: what one service costs does not rise.
        self.assertEqual(len(self.costs), len(self.sizes))
        first, last = self.costs[0], self.costs[-1]
        growth = last.services / first.services
        self.assertLess(last.cpu_seconds, first.cpu_seconds * growth * 1.5)
        self.assertLess(last.resident_mib, first.resident_mib * growth)
        self.assertLess(last.descriptors, first.descriptors * growth * 1.1)

    def measure(self, exe, services):
        folder = self.dir / f"services{services}"
        binaries = [self.copy(exe, folder / f"s{n}") for n in range(services)]
        running = [self.begin(binary, folder, n) for binary in binaries for n in range(self.processes)]
        exporter = start_exporter(self, self.write("probes.yaml", CONFIG.format(
            services="".join(SERVICE.format(n=n, exe=binary) for n, binary in enumerate(binaries)),
            names=", ".join(f"s{n}" for n in range(services)))), "--strict", name=f"exporter{services}")
        attach_seconds = self.attach_seconds(exporter, services)
        cpu_seconds = exporter.samples()[series("process_cpu_seconds_total")]
        for process in running:
            process.send(f"calls {CALLS} 3")
        for process in running:
            process.expect("done")
        # All but one of each service end: what they did stays.
        staying = running[::self.processes]
        for process in running:
            if process not in staying:
                process.stop()
        exporter.wait_processes(**{f"s{n}": 1 for n in range(services)})
        start = time.monotonic()
        samples = exporter.samples()
        scrape_ms = 1000 * (time.monotonic() - start)
        self.assertEqual(by_label(samples, "work_total", "service"), {f"s{n}": CALLS * self.processes for n in range(services)})
        self.assertEqual(sum(process.truth.ended() for process in running), CALLS * self.processes * services)
        cost = Cost(services, len(running), attach_seconds, cpu_seconds,
                    samples[series("process_resident_memory_bytes")] / 2**20, int(samples[series("process_open_fds")]), scrape_ms)
        print(cost, flush=True)
        exporter.stop()
        for process in staying:
            process.stop()
        return cost

    @staticmethod
    def copy(exe, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return pathlib.Path(shutil.copy(exe, path))

    def begin(self, binary, folder, number):
        truth = Truth(folder / f"truth_{binary.name}_{number}")
        process = gofixture.Driven(self, binary, "-role", binary.name, "-truth", truth.path)
        process.truth = truth
        return process

    @staticmethod
    def attach_seconds(exporter, services):
        """By the exporter's own log, from when it listens until the last service is probed."""
        exporter.wait_attached(*(f"s{n}" for n in range(services)))
        times = re.findall(r"time=(\S+) .*msg=(?:listening|attached) ", exporter.process.output())
        return (datetime.datetime.fromisoformat(times[-1]) - datetime.datetime.fromisoformat(times[0])).total_seconds()


class ManyFunctions(TestCase):
    """A pattern that matches too much is refused at once; other probes of that binary count."""

    FUNCTIONS = 20000

    def test_many_functions(self):
        exe = self.build_many()
        exporter = start_exporter(self, self.write("probes.yaml", MANY_FUNCTIONS.format(exe=exe)))
        service = gofixture.Driven(self, exe)
        exporter.wait_attached("many")
        for n in range(1, 4):
            service.ask("", f"called {n * self.FUNCTIONS}")
        samples = exporter.samples()
        self.assertEqual(samples[series("calls_total")], 3)
        self.assertEqual(family(samples, "uprobe_exporter_probe_skipped"), {frozenset({
            ("probe", "all"), ("reason", f"main.handle* matches {self.FUNCTIONS} functions, more than 200; make it narrower")}): 1})

    def build_many(self):
        source = self.dir / "many"
        source.mkdir()
        functions = "".join(f"//go:noinline\nfunc handle{n}() {{ sum++ }}\n" for n in range(self.FUNCTIONS))
        names = ",".join(f"handle{n}" for n in range(self.FUNCTIONS))
        (source / "main.go").write_text(MANY_FUNCTIONS_PROGRAM.format(functions=functions, names=names))
        (source / "go.mod").write_text("module example.com/many\n\ngo 1.22\n")
        run(required("go"), "build", *gofixture.STRIPPED, "-o", "many", ".", cwd=source)
        return source / "many"


def table():
    lines = ["| services | processes | all attached after, s | CPU time for that, s | resident memory, MiB | descriptors | scrape, ms |",
             "|---:|---:|---:|---:|---:|---:|---:|"]
    for cost in ManyServices.costs:
        lines.append(f"| {cost.services} | {cost.processes} | {cost.attach_seconds:.1f} | {cost.cpu_seconds:.1f} | "
                     f"{cost.resident_mib:.0f} | {cost.descriptors} | {cost.scrape_ms:.0f} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--services", default="10,25,50")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    ManyServices.sizes = [int(text) for text in options.services.split(",")]
    ManyServices.processes = options.processes
    suite = unittest.TestSuite([ManyServices("test_many_services"), ManyFunctions("test_many_functions")])
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    lines = [machine(), f"Load average {os.getloadavg()[0]:.0f}.", "", *table()]
    print("\n".join(lines))
    if not result.wasSuccessful():
        sys.exit(1)
    if options.write:
        PAGE.write_text(replace_section(PAGE.read_text(), "services", lines))


if __name__ == "__main__":
    main()
