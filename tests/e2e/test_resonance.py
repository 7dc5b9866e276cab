"""Every metric of the Resonance stand-in against what really happened, row by row."""

import json
import os
import re
import unittest

import exposition
import resonance
from exporter import start_exporter
from support import TestCase, kept_pins, wait_until

# Every one of them must have a row above zero, else a comparison says little.
METRICS = (
    "request_total", "request_duration_ms_count", "request_duration_ms_bucket", "client_request_total",
    "client_request_duration_ms_count", "connection_count", "connection_active", "message_recv_total", "message_send_total",
    "message_push_duration_ms_count", "mq_publish_total", "mq_consume_duration_ms_count", "mq_lag",
    "db_query_duration_ms_count", "cache_hit_rate", "cache_requests_total",
)


class Resonance(TestCase):
    def setUp(self):
        super().setUp()
        resonance.build()
        self.config = resonance.write_config(self.dir / "probes.yaml")

    def stage(self, **options):
        return resonance.Stage(self, **options).wait()

    def exporter(self):
        return start_exporter(self, self.config, "--strict")

    def compare(self, load, exporter, checkpoint, *options):
        """Every row equal, and no series that the truth does not know. Rows of the checkpoint."""
        load.reach(checkpoint)
        page = self.write(f"metrics-{checkpoint}.txt", exporter.page())
        code, text, rows = resonance.compare(load.truth_file(checkpoint), page, self.dir / f"rows-{checkpoint}.json", *options)
        self.assertEqual([row for row in rows if not row["equal"]], [], f"{text}\n{exporter.process.tail()}")
        self.assertEqual(code, 0, text)
        return rows

    def run_load(self, stage, exporter, since="begin", before=None, **options):
        """The whole scenario; returns all rows by checkpoint."""
        load = resonance.Load(self, stage, since=since, **options)
        return self.run_to_the_end(load, exporter, *(("-since", before) if before else ()))

    def run_to_the_end(self, load, exporter, *options):
        hold = self.compare(load, exporter, "hold", *options)
        load.go_on("hold")
        drained = self.compare(load, exporter, "drained", *options)
        load.go_on("drained")
        load.finish()
        left_out = {options[i + 1] for i, option in enumerate(options) if option == "-except"}
        self.check_worth(hold + drained, set(METRICS) - left_out)
        self.check_no_losses(exporter.samples())
        return hold, drained

    def check_worth(self, rows, metrics):
        """The scenario did what makes the comparison mean something."""
        total = {}
        for row in rows:
            total[row["metric"]] = max(total.get(row["metric"], 0), row["true"])
        self.assertEqual([metric for metric in sorted(metrics) if not total.get(metric)], [], "metrics without a row above zero")
        hold = [row for row in rows if row["checkpoint"] == "hold"]
        self.assertGreaterEqual(sum(row["true"] for row in hold if row["metric"] == "connection_count"), 50)
        self.assertGreaterEqual(sum(row["true"] for row in hold if row["metric"] == "mq_lag"), 100)
        drained = [row for row in rows if row["checkpoint"] == "drained"]
        for metric in ("connection_count", "connection_active", "mq_lag"):
            self.assertEqual({row["true"] for row in drained if row["metric"] == metric}, {0.0}, metric)
        requests = [row for row in drained if row["metric"] == "request_total"]
        self.assertGreaterEqual(sum(row["true"] for row in requests), 2000)
        self.assertEqual({row["labels"]["status"] for row in requests}, {"ok", "error"})

    def check_no_losses(self, samples):
        losses = {labels: number for labels, number in exposition.family(samples, "uprobe_exporter_losses_total").items()
                  if number and dict(labels)["reason"] not in HARMLESS}
        self.assertEqual(losses, {}, "the exporter says that it lost calls")

    def check_untouched(self, stage, digest):
        self.assertEqual(resonance.binary_hash(), digest, "the services' binary has changed")
        self.assertEqual(stage.running(), stage.pids, "services were restarted: pid -> start time")


# Calls of `connection` were running when the exporter came, and panics end calls without a return.
HARMLESS = {"unwound", "no_entry"}


class ExporterAfter(Resonance):
    """The services run for a while before the exporter comes."""

    def test_two_gateways(self):
        resonance.build()
        digest = resonance.binary_hash()
        stage = self.stage()
        exporter = self.exporter()
        hold, drained = self.run_load(stage, exporter)
        for checkpoint, rows in (("hold", hold), ("drained", drained)):
            self.check_red(checkpoint, rows)
        self.check_untouched(stage, digest)
        self.check_services_add_up(exporter)
        code, seconds = exporter.stop()
        self.assertEqual(code, 0, exporter.process.tail())
        self.assertLess(seconds, 20)
        self.check_untouched(stage, digest)

    def check_red(self, checkpoint, rows):
        """A truth that is not what happened is told from the pages of the same run."""
        truth = json.loads((self.dir / f"truth-{checkpoint}.json").read_text())
        page = self.dir / f"metrics-{checkpoint}.txt"

        def red(name, tampered, wanted):
            file = self.write(f"tampered-{checkpoint}.json", json.dumps(tampered))
            code, text, found = resonance.compare(file, page, self.dir / "tampered-rows.json")
            self.assertEqual(code, 1, f"{checkpoint}, {name}: {text}")
            wrong = [(row["metric"], row["labels"]) for row in found if not row["equal"]]
            self.assertEqual(wrong, [(wanted["metric"], wanted["labels"])], f"{checkpoint}, {name}")
            self.assertIn(wanted["metric"], text)

        seen = set()
        for i, row in enumerate(truth):
            if row["metric"] in seen:
                continue
            seen.add(row["metric"])
            red(f"{row['metric']} changed", truth[:i] + [{**row, "true": row["true"] + 1}] + truth[i + 1:], row)
        for metric in ("request_total", "message_recv_total", "cache_requests_total"):
            row = next(row for row in truth if row["metric"] == metric and row["true"])
            red(f"{metric} removed", [other for other in truth if other is not row], row)
        self.assertGreaterEqual(len(seen), len(METRICS), rows)

    def check_services_add_up(self, exporter):
        """/metrics is the sum of the services' pages; each has its own calls only."""
        whole = exporter.samples()
        parts = {service: exporter.samples(service) for service in resonance.MODULES}
        added = {}
        for service, samples in parts.items():
            for (name, labels), number in samples.items():
                self.assertFalse(name.startswith("uprobe_exporter_"), f"/metrics/{service} has {name}")
                self.assertIn(dict(labels).get("service", service), (service,), f"/metrics/{service} has {name} {dict(labels)}")
                added[name, labels] = added.get((name, labels), 0) + number
        own = {key: number for key, number in whole.items() if not key[0].startswith(("uprobe_exporter_", "process_"))}
        self.assertEqual(set(added), set(own))
        for key, number in own.items():
            self.assertAlmostEqual(added[key], number, places=6, msg=str(key))


class ExporterBefore(Resonance):
    """The exporter is there first. When it knows the binary, a new start of it is counted from its first call."""

    def test_restarted_under_pressure_on_one_core(self):
        exporter = self.exporter()
        environment = {"GOGC": "1", "GOMAXPROCS": "1"}
        first = self.stage(environment=environment)
        exporter.wait_attached(*resonance.MODULES)
        first.stop()
        first.file.unlink()
        exporter.wait_processes(gateway=0, logic=0, task=0)
        before = self.write("metrics-before.txt", exporter.page())
        second = self.stage(environment=environment)
        self.run_load(second, exporter, since="start", before=before)


class ExporterLate(Resonance):
    """All connections are open and the services busy when the exporter comes."""

    def test_under_load(self):
        stage = self.stage()
        load = resonance.Load(self, stage, since="attached")
        busy = wait_until(lambda: re.search(r"^busy connections=(\d+)$", load.process.output(), re.MULTILINE), "load",
                          [load.process])
        self.assertGreaterEqual(int(busy[1]), 50)
        exporter = self.exporter()
        load.go_on("busy")
        # Calls before the attach are known to nobody: counters are compared from the rest that follows, and the ratio,
        # whose window reaches back, not at all. Gauges are what they are.
        options = ("-since", self.dir / "metrics-attached.txt", "-except", "cache_hit_rate")
        attached = self.compare(load, exporter, "attached", *options)
        self.assertEqual(sum(row["exported"] for row in attached if row["metric"] == "connection_count"), int(busy[1]))
        load.go_on("attached")
        self.run_to_the_end(load, exporter, *options)


EXTRA_METRIC = """
metrics:
  extra_total: { type: counter, help: Calls., labels: [service] }
"""

EXTRA_PROBE = """
  - name: extra
    service: [gateway, logic, task]
    function: runtime.newproc1
    record: [extra_total]
"""


class ExporterExchanged(Resonance):
    """Other exporters take over, and the configuration changes, while the load goes on."""

    def test_taken_over_and_reloaded_under_load(self):
        pins = kept_pins(self)
        stage = self.stage()
        first = self.kept_exporter(pins, "first")
        load = resonance.Load(self, stage)
        self.wait_requests(first)
        second = self.kept_exporter(pins, "second")
        first.wait_log("another exporter takes over")
        first.stop()
        self.wait_requests(second)
        wanted = self.config.read_text()
        self.assertEqual(wanted.count("\nmetrics:\n"), 1)
        for text in (wanted.replace("\nmetrics:\n", EXTRA_METRIC) + EXTRA_PROBE, wanted):
            self.write("new.yaml", text).rename(self.config)
            self.assertEqual(second.request("/-/reload", "POST").status, 200)
        third = self.kept_exporter(pins, "third")
        second.wait_log("another exporter takes over")
        second.stop()
        # The window of the ratio begins with each exporter.
        self.run_to_the_end(load, third, "-except", "cache_hit_rate")
        self.assertEqual(third.samples()[exposition.series("uprobe_exporter_blind_seconds_total")], 0)

    def kept_exporter(self, pins, name):
        return start_exporter(self, self.config, "--strict", "--bpf.pin-path", pins, "--web.enable-lifecycle", name=name)

    def wait_requests(self, exporter):
        def handled(samples):
            return sum(exposition.family(samples, "request_total").values())

        before = handled(exporter.samples())
        exporter.wait_for(lambda samples: handled(samples) >= before + 100, "requests")


class Large(Resonance):
    """Many connections and messages on two cores."""

    def test_two_hundred_connections(self):
        stage = self.stage(environment={"GOMAXPROCS": "2"})
        exporter = self.exporter()
        hold, _ = self.run_load(stage, exporter, size="large", users=230)
        self.assertGreaterEqual(sum(row["true"] for row in hold if row["metric"] == "connection_count"), 200)


class Full(Resonance):
    """The combinations that the shorter tests leave out; load_tests says when they run."""

    def test_after_with_pressure_on_two_cores(self):
        stage = self.stage(gateways=1, environment={"GOGC": "1", "GOMAXPROCS": "2"})
        self.run_load(stage, self.exporter())

    def test_after_on_one_core_large(self):
        stage = self.stage(environment={"GOMAXPROCS": "1"})
        self.run_load(stage, self.exporter(), size="large")

    def test_before_new_binary(self):
        exporter = self.exporter()
        stage = self.stage(gateways=3)
        exporter.wait_attached(*resonance.MODULES)
        self.run_load(stage, exporter)


class Servers(Resonance):
    """PostgreSQL, redis-server and nats-server instead of their embedded likes."""

    def test_two_gateways(self):
        stage = self.stage(mode="servers")
        self.run_load(stage, self.exporter())


def load_tests(loader, tests, _):
    if os.environ.get("UPROBE_EXPORTER_FULL") == "1":
        return tests
    chosen = unittest.TestSuite()
    for case in (ExporterAfter, ExporterBefore, ExporterLate, ExporterExchanged, Large, Servers):
        chosen.addTests(loader.loadTestsFromTestCase(case))
    return chosen


if __name__ == "__main__":
    unittest.main(verbosity=2)
