"""Memory for series: it comes as they do, and none is lost while it is awaited or cannot be had."""

import itertools
import os
import pathlib
import random
import re
import resource
import signal
import time
import unittest

import gofixture
from exporter import start_exporter
from exposition import by_label, losses, series
from support import BINARY, TestCase, kept_pins, run, wait_until

CONFIG = """\
services:
  load: {{ match: {{ exe: "{exe}", args: ["-role", "{role}"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [kind], max_series: {limit} }}
  {more_metrics}
probes:
  - name: work
    service: load
    function: main.work
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
  {more_probes}
"""

MORE_METRICS = "more_ms: { type: histogram, help: Durations., unit: ms, labels: [kind, status], max_series: 40000 }"
MORE_PROBES = """\
- name: more
    service: load
    function: main.work
    signature: func(kind string, number int) error
    labels: { kind: { value: kind, max_length: 20 }, status: { error: "ret0 != nil && number < 0", else: ok } }
    record: [more_ms]"""

FAILURES = series("uprobe_exporter_series_memory_failures_total")

PERCPU_ARRAY = "6"


def maps_of(pid):
    """The maps that a process has open, by id: their lines in fdinfo."""
    found = {}
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            lines = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        except OSError:
            continue  # closed meanwhile
        if "map_id" in lines:
            found[lines["map_id"].strip()] = {key: value.strip() for key, value in lines.items()}
    return found


class SeriesMemory(TestCase):
    LIMIT = 16000
    SLAB = 1024  # slots: what holds a sixteenth of the limit, and no other map per CPU has so many elements

    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("load")
        self.role = f"series{os.getpid()}"
        self.exporters = itertools.count(1)
        self.counts = {}
        self.configure()

    def configure(self, more=False):
        fresh = self.write("probes.new", CONFIG.format(exe=self.exe, role=self.role, limit=self.LIMIT,
                                                       more_metrics=MORE_METRICS if more else "",
                                                       more_probes=MORE_PROBES if more else ""))
        self.config = self.dir / "probes.yaml"
        fresh.rename(self.config)

    def service(self):
        return gofixture.Driven(self, self.exe, "-role", self.role, "-truth", self.dir / f"truth{len(self.counts)}")

    def start(self, name, command, **options):  # the exporter's log apart for each
        return super().start(f"{name}{next(self.exporters)}", command, **options)

    def call(self, service, calls, kinds):
        service.ask(f"calls {calls} {kinds}", "done")
        for i in range(kinds):
            self.counts[f"kind{i}"] = self.counts.get(f"kind{i}", 0) + calls // kinds + (i < calls % kinds)

    def check(self, exporter):
        samples = exporter.samples()
        self.assertEqual(by_label(samples, "work_total", "kind"), self.counts)
        self.assertEqual(losses(samples), {})
        return samples

    def slabs(self, exporter):
        """Ids of the exporter's maps of series per CPU."""
        return {number for number, found in maps_of(exporter.process.pid).items()
                if found["map_type"] == PERCPU_ARRAY and int(found["max_entries"]) == self.SLAB}

    def wait_slabs(self, exporter, count):
        wait_until(lambda: len(self.slabs(exporter)) == count, f"{count} slabs", [exporter.process])

    def test_ten_thousand_new_label_sets_at_once(self):
        services = [self.service() for _ in range(2)]
        exporter = start_exporter(self, self.config, "--strict")
        self.assertEqual(self.slabs(exporter), set())
        self.call(services[0], 10, 10)
        self.wait_slabs(exporter, 1)
        start = time.monotonic()
        self.call(services[0], 10_000, 10_000)
        took = time.monotonic() - start
        self.check(exporter)
        self.wait_slabs(exporter, 13)  # those in use, and a quarter more
        self.call(services[0], 10_000, 10_000)
        self.call(services[1], 5_000, 5_000)
        self.check(exporter)
        print(f"10,000 new label sets within {took:.2f} s", flush=True)

    def test_no_descriptors_for_more(self):
        """Where there is no memory for a slab nothing is lost; it is made when there is some."""
        service = self.service()
        exporter = start_exporter(self, self.config, "--strict")
        pid = exporter.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = {int(entry.name) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
        lowest = min(set(range(len(used) + 1)) - used)
        # 64 are left for scrapes.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest + 60, hard))
        self.call(service, 10_000, 5_000)
        failures = exporter.wait_for(lambda samples: samples[FAILURES] > 1, "a failure, and another try")[FAILURES]
        self.check(exporter)
        self.assertEqual(self.slabs(exporter), set())
        self.assertEqual(exporter.process.output().count("no memory per CPU"), 1)
        exporter.wait_for(lambda samples: samples[FAILURES] > failures, "another try")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        self.wait_slabs(exporter, 7)
        self.call(service, 10_000, 5_000)
        failures = self.check(exporter)[FAILURES]
        self.call(service, 10_000, 10_000)
        self.wait_slabs(exporter, 13)
        self.assertEqual(self.check(exporter)[FAILURES], failures)

    def test_check_says_how_much_memory_the_maps_can_take(self):
        self.configure(more=True)
        said = run(BINARY, "check", self.config).stdout
        found = re.search(r"memory of all maps, at most: ([0-9.]+) MiB, and ([0-9.]+) MiB for each binary of load\n", said)
        self.assertTrue(found, said)
        bound = (float(found[1]) + float(found[2])) * 2**20

        def real():
            return sum(int(found["memlock"]) for found in maps_of(exporter.process.pid).values())

        service = self.service()
        exporter = start_exporter(self, self.config, "--strict")
        at_first = real()
        self.call(service, 40_000, 40_000)
        wait_until(lambda: len(self.slabs(exporter)) == 16, "all slabs", [exporter.process])
        full = real()
        print(f"{at_first / 2**20:.1f} MiB at first, {full / 2**20:.1f} MiB full, at most {bound / 2**20:.1f} MiB", flush=True)
        self.assertLess(at_first, full)
        self.assertLessEqual(full, bound)
        self.assertLess(bound, 2 * full)

    def start_kept(self, *arguments):
        return start_exporter(self, self.config, "--strict", "--bpf.pin-path", self.pins, *arguments)

    def test_killed_while_it_grows(self):
        self.pins = kept_pins(self)
        service = self.service()
        killed = 0
        for kinds in range(800, 16_000, 800):
            exporter = self.start_kept()
            self.call(service, 2 * kinds, kinds)
            # Somewhere between the first system call for the next slab and the last.
            time.sleep(random.uniform(0, 0.55))
            exporter.process.process.send_signal(signal.SIGKILL)
            exporter.process.wait()
            killed += 1
        exporter = self.start_kept()
        self.check(exporter)
        self.wait_slabs(exporter, 16)
        self.assertEqual(killed, 19)

    def test_reload_and_takeover_keep_the_memory(self):
        self.pins = kept_pins(self)
        service = self.service()
        first = self.start_kept()
        self.call(service, 5_000, 5_000)
        self.wait_slabs(first, 7)
        slabs = self.slabs(first)
        self.configure(more=True)
        first.process.process.send_signal(signal.SIGHUP)
        first.wait_log("configuration loaded again")
        self.call(service, 5_000, 5_000)
        self.check(first)
        self.assertEqual(self.slabs(first), slabs)
        second = self.start_kept()
        self.assertEqual(self.slabs(second), slabs)
        self.call(service, 10_000, 10_000)
        self.wait_slabs(second, 13)
        self.call(service, 10_000, 10_000)
        self.assertLess(slabs, self.slabs(second))
        self.check(second)
        self.check(first)  # which shows what the other counts
        self.assertEqual(first.stop()[0], 0)
        self.call(service, 10_000, 10_000)
        self.check(second)


if __name__ == "__main__":
    unittest.main()
