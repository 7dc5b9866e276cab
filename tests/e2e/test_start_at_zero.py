"""Series that are known without a call begin at 0, so that a real Prometheus sees the first calls; when they began is kept."""

import json
import subprocess
import time
import unittest

import gofixture
from exporter import start_exporter
from exposition import by_label, family, series
from prometheus import Prometheus, plain_config
from support import BINARY, TestCase, kept_pins, run

CALLS = 1000

CONFIG = """\
services: {{ svc: {{ match: {{ exe: "{exe}" }} }} }}
metrics:
  take_total: {{ type: counter, help: Calls. }}
  take_op_total: {{ type: counter, help: Calls., labels: [service, op] }}
  take_kind_total: {{ type: counter, help: Calls., labels: [kind, long] }}
  take_name_total: {{ type: counter, help: Calls., labels: [name] }}
  take_value_total: {{ type: counter, help: Calls., labels: [value] }}
  take_late_total: {{ type: counter, help: Calls., initialize: false }}
  take_ms: {{ type: histogram, help: Calls., unit: ms, buckets: [60000] }}
  taking: {{ type: gauge, help: Calls in flight., labels: [op] }}
probes:
  - service: svc
    function: main.take
    signature: func(value string)
    labels:
      op: {{ const: take }}
      kind: {{ empty: 'value == ""', short: len(value) < 4, else: other }}
      long: len(value) > 100
      name: {{ value: value, map: {{ a: first, b: second }}, else: none }}
      value: value
    record: [take_total, take_op_total, take_kind_total, take_name_total, take_value_total, take_late_total, take_ms,
             {{ metric: taking, in_flight: true }}]
"""

ZEROS = {
    series("take_total"): 0.0,
    series("take_op_total", service="svc", op="take"): 0.0,
    **{series("take_kind_total", kind=kind, long=long): 0.0 for kind in ("empty", "short", "other") for long in ("false", "true")},
    **{series("take_name_total", name=name): 0.0 for name in ("first", "second", "none")},
    series("take_ms_bucket", le="60000"): 0.0,
    series("take_ms_bucket", le="+Inf"): 0.0,
    series("take_ms_sum"): 0.0,
    series("take_ms_count"): 0.0,
    series("taking", op="take"): 0.0,
}


def created(exporter):
    """{name: seconds} of the OpenMetrics page, read by Prometheus' own strict parser."""
    program = """
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
json.dump([(s.name, s.value) for f in text_string_to_metric_families(sys.stdin.buffer.read().decode())
           for s in f.samples if s.name.endswith("_created")], sys.stdout)
"""
    page = exporter.request("/metrics", headers={"Accept": "application/openmetrics-text"}).body
    done = subprocess.run(["/usr/bin/python3", "-c", program], input=page, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


class StartAtZero(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("hostile")
        self.config = self.write("probes.yaml", CONFIG.format(exe=self.exe))

    def taken(self, exporter):
        return {key: number for key, number in exporter.samples().items() if key[0].startswith("tak")}

    def test_increase_over_the_first_calls(self):
        exporter = start_exporter(self, self.config, "--strict")
        self.assertEqual(self.taken(exporter), {}, "no process runs")
        service = gofixture.Driven(self, self.exe)
        exporter.wait_for(lambda samples: family(samples, "taking"), "the gauge of calls in flight")
        self.assertEqual(self.taken(exporter), ZEROS)

        prometheus = Prometheus(self, self.write("prometheus.yml", plain_config(exporter, {"svc": "/metrics"})))
        prometheus.wait_scraped_after(time.time())
        service.ask(f"bytes 61 {CALLS}", "done")
        prometheus.wait_scraped_after(time.time())
        counted = {"take_total": CALLS, "take_op_total": CALLS, "take_ms_count": CALLS, 'take_kind_total{kind="short"}': CALLS,
                   'take_name_total{name="first"}': CALLS, 'take_value_total{value="a"}': 0, "take_late_total": 0}
        for name, wanted in counted.items():
            with self.subTest(name):
                # increase() guesses what was before the first and behind the last scrape; this is what it guesses from.
                seen = prometheus.query(f"sum(max_over_time({name}[10m]) - min_over_time({name}[10m]))")
                self.assertEqual([number for _, number in seen], [wanted])
                increase = prometheus.query(f"sum(increase({name}[10m]))")
                self.assertEqual([number >= CALLS for _, number in increase if number], [True] if wanted else [])
        self.assertEqual(by_label(exporter.samples(), "take_value_total", "value"), {"a": CALLS})
        self.assertEqual(self.taken(exporter)[series("take_late_total")], CALLS)
        prometheus.process.stop()

    def test_when_counts_began_is_kept(self):
        pins = kept_pins(self)
        before = time.time()
        service = gofixture.Driven(self, self.exe)
        first = start_exporter(self, self.config, "--bpf.pin-path", pins)
        began = created(first)
        self.assertEqual(set(began), {"take_created", "take_op_created", "take_kind_created", "take_name_created", "take_ms_created"})
        for name, moment in began.items():
            self.assertGreaterEqual(moment, before, name)
            self.assertLessEqual(moment, time.time(), name)
        service.ask("bytes 61 5", "done")
        self.assertEqual(created(first), {**began, "take_value_created": began["take_created"], "take_late_created": began["take_created"]})
        first.stop()

        second = start_exporter(self, self.config, "--bpf.pin-path", pins, name="second")
        kept = created(second)
        self.assertEqual({name: kept[name] for name in began}, began)
        self.assertEqual(second.samples()[series("take_total")], 5)
        second.stop()

        between = time.time()
        run(BINARY, "unload", "--bpf.pin-path", pins)
        third = start_exporter(self, self.config, "--bpf.pin-path", pins, name="third")
        self.assertEqual(third.samples()[series("take_total")], 0)
        for name, moment in created(third).items():
            self.assertGreaterEqual(moment, between, name)
        third.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
