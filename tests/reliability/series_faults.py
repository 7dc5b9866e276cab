"""More series than anybody has made room for yet."""

import pathlib
import resource

from exposition import by_label, series
from fault_case import FaultCase
from load import counted

KINDS = 10_000


class Series(FaultCase):
    def setUp(self):
        super().setUp()
        # Processes that have ended keep their series until they are folded into the total.
        self.configure(max_series=20 * KINDS)

    def make_series(self, exporter):
        """Each process has its own: so many are new each time. A scrape folds those of processes that have ended."""
        for _ in range(max(1, self.size.calls // KINDS)):
            service = self.services.start()
            service.ask(f"calls {KINDS} {KINDS}", "done")
            service.stop()
            self.watch.note(exporter.samples())

    def check_series(self, exporter, fault, provoked):
        samples = self.check_exact(exporter)
        rounds = self.services.ended("work") // KINDS
        self.assertEqual(by_label(samples, "work_total", "kind"), {f"kind{i}": rounds for i in range(KINDS)})
        self.exact_row(fault, provoked, samples, f", each of {KINDS:,} labels")

    def begin_with_one(self):
        exporter, service = self.begin()
        service.stop()
        return exporter

    def test_ten_thousand_at_once(self):
        exporter = self.begin_with_one()
        self.make_series(exporter)
        self.check_series(exporter, "new label sets", f"{KINDS:,} at once by a process that has just begun, again and again")

    def test_no_room_for_more(self):
        exporter = self.begin_with_one()
        pid = exporter.process.pid
        used = {int(entry.name) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
        lowest = min(set(range(len(used) + 1)) - used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest + 60, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
        self.make_series(exporter)
        failures = series("uprobe_exporter_series_memory_failures_total")
        exporter.wait_for(lambda samples: samples[failures] > 0, "an allocation that fails")
        self.check_series(exporter, "no memory for series", "new label sets while every allocation fails")
