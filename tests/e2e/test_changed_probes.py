"""Counts over changes of the configuration: process labels, buckets, calls in flight, pins that cannot be read."""

import shutil
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase, kept_pins, required, run, wait_until

CONFIG = """\
services:
  gateway:
    match: {{ exe: "{exe}" }}
    {identity}
metrics:
  calls_total: {{ type: counter, help: Calls., labels: [{labels}] }}
  {gateway_metric}
  duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [], buckets: {buckets} }}
probes:
  - name: work
    service: gateway
    function: main.work
    signature: func(kind string, number int) int
    labels: {{ kind: {kind} }}
    record: [calls_total, {gateway_record} duration_ms]
"""

IDENTITY = "identity: { gateway_id: { function: main.(*gateway).flushed, value: recv.id } }"
GATEWAY_METRIC = "gateway_calls_total: { type: counter, help: The same by gateway., labels: [gateway_id] }"
SHORT, LONG = "{ value: kind, max_length: 8 }", "{ value: kind, max_length: 200 }"
RESETS = exposition.series("uprobe_exporter_counters_reset_total")


class ChangedProbes(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = self.dir / "gateway"
        shutil.copy(gofixture.build("reloads"), self.exe)
        self.pins = kept_pins(self)
        self.exporters = 0
        self.configure()

    def configure(self, kind=SHORT, labels="kind", buckets="[5, 10, 100]", with_identity=True):
        fresh = self.write("probes.new", CONFIG.format(
            exe=self.exe, kind=kind, labels=labels, buckets=buckets, identity=IDENTITY if with_identity else "",
            gateway_metric=GATEWAY_METRIC if with_identity else "", gateway_record="gateway_calls_total," if with_identity else ""))
        self.config = self.dir / "probes.yaml"
        fresh.rename(self.config)

    def reload(self, exporter, **options):
        self.configure(**options)
        answer = exporter.request("/-/reload", "POST")
        self.assertEqual(answer.status, 200, answer.body)

    def begin(self):
        process = gofixture.Driven(self, self.exe)
        return process, self.start_exporter()

    def start_exporter(self):
        self.exporters += 1
        exporter = start_exporter(self, self.config, "--bpf.pin-path", self.pins, "--web.enable-lifecycle", name=f"exporter{self.exporters}")
        exporter.wait_attached("gateway")
        return exporter

    @staticmethod
    def work(process, exporter):
        """Some calls, up to their ends; returns how many there were since the beginning."""
        before = sum(exposition.family(exporter.samples(), "calls_total").values())
        process.ask("go", "going")
        exporter.wait_for(lambda samples: sum(exposition.family(samples, "calls_total").values()) > before + 20, "calls")
        return ChangedProbes.stop(process)

    @staticmethod
    def stop(process):
        process.send("stop")
        return int(process.answer().removeprefix("made "))

    def pinned(self):
        return sum(1 for path in self.pins.rglob("*") if not path.name.startswith("slab_"))

    @staticmethod
    def by_gateway(samples):
        return exposition.by_label(samples, "gateway_calls_total", "gateway_id")

    def test_process_labels_over_changed_probes(self):
        process, exporter = self.begin()
        process.ask("identify", "identified")
        pins = self.pinned()
        for kind in (LONG, SHORT, LONG, SHORT):
            made = self.work(process, exporter)
            self.assertEqual(self.by_gateway(exporter.samples()), {f"gateway-{process.pid}": made})
            self.reload(exporter, kind=kind)
            self.assertEqual(self.by_gateway(exporter.samples()), {f"gateway-{process.pid}": made})
        made = self.work(process, exporter)
        # The next exporter, and after the process has ended.
        exporter.stop()
        exporter = self.start_exporter()
        self.assertEqual(self.by_gateway(exporter.samples()), {f"gateway-{process.pid}": made})
        self.reload(exporter, kind=LONG)
        process.stop()
        exporter.wait_processes(gateway=0)
        samples = exporter.samples()
        self.assertEqual(self.by_gateway(samples), {f"gateway-{process.pid}": made})
        self.assertEqual(sum(exposition.family(samples, "calls_total").values()), made)
        self.assertEqual(exposition.losses(samples), {})
        self.assertEqual(self.pinned(), pins)

    def test_a_label_that_is_learned_after_calls_and_changes(self):
        process, exporter = self.begin()
        pins = self.pinned()
        self.work(process, exporter)
        for kind in (LONG, SHORT):
            self.reload(exporter, kind=kind)
            made = self.work(process, exporter)
            self.assertEqual(self.by_gateway(exporter.samples()), {})
            wait_until(lambda: self.pinned() == pins, f"{pins} pins", [exporter.process])
        process.ask("identify", "identified")
        exporter.wait_for(lambda samples: self.by_gateway(samples) == {f"gateway-{process.pid}": made}, "all calls under the label")

    def test_labels_of_a_metric_change(self):
        process, exporter = self.begin()
        process.ask("identify", "identified")
        made = self.work(process, exporter)
        before = exposition.family(exporter.samples(), "calls_total")
        # Without a value, a label is as if it were not there.
        self.reload(exporter, labels="gateway_id, kind")
        self.assertEqual({labels - {("gateway_id", "")} for labels in exposition.family(exporter.samples(), "calls_total")}, set(before))
        made = self.work(process, exporter)
        found = exposition.by_label(exporter.samples(), "calls_total", "gateway_id")
        self.assertEqual(sum(found.values()), made)
        self.assertEqual(found[f"gateway-{process.pid}"], made - sum(before.values()))
        self.reload(exporter, labels="kind")
        self.assertEqual(set(exposition.family(exporter.samples(), "calls_total")), set(before))
        self.assertEqual(sum(exposition.family(exporter.samples(), "calls_total").values()), made)

    def test_buckets_change(self):
        process, exporter = self.begin()
        made = self.work(process, exporter)

        def buckets():
            return exposition.by_label(exporter.samples(), "duration_ms_bucket", "le")

        before = buckets()
        self.assertEqual(before["+Inf"], made)
        self.reload(exporter, buckets="[10]")
        self.assertEqual(buckets(), {"10": before["10"], "+Inf": made})
        self.assertEqual(exporter.samples()[RESETS], 0)
        self.reload(exporter, buckets="[11]")
        self.assertEqual(buckets(), {"11": 0, "+Inf": 0})
        self.assertEqual(exporter.samples()[RESETS], 1)
        exporter.wait_log("metric duration_ms has another")
        again = self.work(process, exporter)
        self.assertEqual(buckets()["+Inf"], again - made)
        self.assertEqual(sum(exposition.family(exporter.samples(), "calls_total").values()), again)

    def test_stops_under_load_are_no_panics(self):
        process, exporter = self.begin()
        process.ask("go", "going")
        for _ in range(5):
            before = sum(exposition.family(exporter.samples(), "duration_ms_count").values())
            exporter.wait_for(lambda samples, before=before: sum(exposition.family(samples, "duration_ms_count").values()) > before, "calls")
            exporter.stop()
            exporter = self.start_exporter()
        self.stop(process)
        self.assertEqual(set(exposition.losses(exporter.samples())) - {"no_entry"}, set())

    def test_pins_of_one_unit_that_cannot_be_read(self):
        process, exporter = self.begin()
        other = self.dir / "other"
        shutil.copy(self.exe, other)
        text = self.config.read_text()
        self.config.write_text(text.replace("services:\n", f"services:\n  other: {{ match: {{ exe: \"{other}\" }} }}\n")
                               + "  - { name: others, service: other, function: main.work, record: [others_total] }\n")
        self.config.write_text(self.config.read_text().replace("metrics:\n", "metrics:\n  others_total: { type: counter, help: Calls., labels: [] }\n"))
        self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
        neighbour = gofixture.Driven(self, other)
        exporter.wait_attached("other")
        self.work(process, exporter)
        neighbour.ask("go", "going")
        exporter.wait_for(lambda samples: sum(exposition.family(samples, "others_total").values()) > 20, "calls")
        made = self.stop(neighbour)
        exporter.stop()
        journal = next(path for path in self.pins.rglob("fold_journal") if self.unit_of(path) == self.unit_of_service("gateway"))
        size = run(required("bpftool"), "map", "show", "pinned", journal).stdout.split("value ")[1].split("B")[0]
        # A fold is underway, between slots that do not exist.
        run(required("bpftool"), "map", "update", "pinned", journal, "key", "0", "0", "0", "0", "value", "hex", "01", "00", "00", "00",
            *["7f"] * (int(size) - 4))
        exporter = self.start_exporter()
        exporter.wait_log("the journal of a probe names series")
        samples = exporter.samples()
        self.assertEqual(samples[RESETS], 1)
        self.assertEqual(exposition.family(samples, "calls_total"), {})
        self.assertEqual(exposition.family(samples, "others_total"), {frozenset(): made})
        made = self.stop(process)
        again = self.work(process, exporter)
        self.assertEqual(sum(exposition.family(exporter.samples(), "calls_total").values()), again - made)

    def unit_of(self, path):
        return path.relative_to(self.pins).parts[1]

    def unit_of_service(self, service):
        """The unit whose description names it."""
        for plan in self.pins.rglob("plan_*"):
            dump = run(required("bpftool"), "--json", "map", "dump", "pinned", plan).stdout
            if "".join(f"{ord(letter):02x}" for letter in service) in dump.replace('"', "").replace("0x", "").replace(",", ""):
                return self.unit_of(plan)
        raise AssertionError(f"no unit of {service}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
