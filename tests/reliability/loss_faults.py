"""What cannot be counted as configured is counted as a loss: the gap equals the counter."""

from exposition import by_label, family, losses, series
from fault_case import RATE, FaultCase
from load import counted


class Losses(FaultCase):
    def check_loss(self, samples, reason, gap):
        """Only this reason, and so often."""
        self.assertEqual(losses(samples), {reason: gap} if gap else {})

    def loss_row(self, reason, provoked, made, number, result):
        self.row(f"loss `{reason}`", provoked, made, number, result)

    def test_series_full(self):
        limit, kinds = 100, 1000
        self.configure(max_series=limit)
        exporter, service = self.begin()
        service.ask(f"calls {self.size.calls} {kinds}", "done")
        samples = exporter.samples()
        overflow = int(by_label(samples, "work_total", "kind")["__overflow__"])
        made = self.services.ended("work")
        self.assertEqual(counted(samples, "work"), made)
        self.assertGreater(overflow, made // 2)
        self.check_loss(samples, "series_full", overflow)
        self.assertLessEqual(len(family(samples, "work_total")), limit + 1)
        self.loss_row("series_full", f"{kinds} label sets, `max_series: {limit}`", made, counted(samples, "work"),
                      f"total equal; {overflow:,} in the overflow series = losses")

    def test_read_failed(self):
        exporter, service = self.begin()
        service.ask(f"lies {self.size.calls}", "done")
        samples = exporter.samples()
        made, without = self.services.ended("work"), int(by_label(samples, "work_total", "kind")[""])
        self.assertEqual(without, made)
        self.check_loss(samples, "read_failed", made)
        self.loss_row("read_failed", "a label in memory that cannot be read", made, without,
                      f"total equal; label empty {made:,} times = losses")

    def test_in_flight_full(self):
        limit, at_once = 100, 1000
        self.configure(in_flight=limit)
        exporter, service = self.begin()
        for _ in range(max(1, self.size.calls // at_once)):
            service.ask(f"hold {at_once}", "done")
            service.ask("release", "done")
        self.check_gap(exporter, "in_flight_full", "held", f"{at_once:,} goroutines in calls at once, `in_flight: {limit}`")

    def test_spilled_full(self):
        """The deep calls of 10 nested ones have no place; the returns of those that have none are no further loss."""
        limit, depth = 1, 1000
        self.configure(in_flight=limit)
        exporter, service = self.begin()
        service.ask(f"nest {depth} {max(1, self.size.calls // depth)}", "done")
        self.check_gap(exporter, "spilled_full", "nested", f"recursion {depth:,} deep, `in_flight: {limit}`")

    def test_unwound(self):
        exporter, service = self.begin()
        service.ask(f"panics {self.size.calls}", "done")
        self.check_gap(exporter, "unwound", "timed", "every call panics", some=False)

    def check_gap(self, exporter, reason, tally, provoked, some=True):
        samples = exporter.samples()
        made, number = self.services.ended(tally), counted(samples, tally)
        self.assertGreater(made, number)
        if some:
            self.assertGreater(number, 0)
        self.check_loss(samples, reason, made - number)
        self.loss_row(reason, provoked, made, number, f"{made - number:,} missing = losses")

    def test_no_entry(self):
        running = 10000
        service = self.services.start()
        service.ask(f"hold {running}", "done")
        exporter = self.start_exporter()
        exporter.wait_attached("load")
        service.ask(f"load {RATE}", "loading")
        self.fill_up()
        service.ask("stop", "stopped")
        service.ask("release", "done")
        samples = exporter.samples()
        self.assertEqual(counted(samples), self.services.ended())
        self.assertEqual(counted(samples, "held"), 0)
        self.check_loss(samples, "no_entry", running)
        made = self.services.ended("work", "timed", "held")
        self.loss_row("no_entry", f"{running:,} calls that began before the exporter", made, counted(samples),
                      f"{running:,} missing = losses")

    def test_objects_full(self):
        limit = 1000
        self.configure(in_flight=limit)
        exporter, service = self.begin()
        at_once = 10 * limit
        for _ in range(max(1, self.size.calls // at_once)):
            service.ask(f"open {at_once}", "done")
            shown = int(exporter.samples()[series("open_objects")])
            service.ask("close", "done")
        samples = exporter.samples()
        made = self.services.ended("open")
        self.assertEqual(samples[series("open_objects")], 0)
        gap = losses(samples).get("objects_full", 0)
        rounds = made // at_once
        self.assertEqual(shown, at_once - gap / rounds)
        self.check_loss(samples, "objects_full", gap)
        self.loss_row("objects_full", f"{at_once:,} objects at once, `in_flight: {limit:,}`", made, made - gap,
                      f"{gap:,} never shown = losses; back to 0 when all are closed")


