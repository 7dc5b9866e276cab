"""A hit that sleeps while other threads of its CPU are hit by the same probe: each call is counted with its own values."""

import os
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase

CALLS = 100
CONFIG = """
services: {{ it: {{ match: {{ exe: "{exe}" }} }} }}
metrics:
  entry_total: {{ type: counter, help: h, labels: [sum, name] }}
  return_total: {{ type: counter, help: h, labels: [sum, name, ret] }}
probes:
  - {{ name: entry, service: it, function: main.counted, signature: {signature}, labels: {{ sum: n + p.count, name: name }}, record: [entry_total] }}
  - name: return
    service: it
    function: main.measured
    signature: {signature}
    labels: {{ sum: n + p.count, name: name, ret: ret0 }}
    record: [return_total]
"""
SIGNATURE = '"func(n int, p *struct{ count int }, name string) int"'


def series(**labels):
    return frozenset(labels.items())


class SameCpu(TestCase):
    def test_a_hit_that_sleeps_keeps_its_own_values(self):
        exe = gofixture.build("missing_page")
        config = self.write("probes.yaml", CONFIG.format(exe=exe, signature=SIGNATURE))
        cpu = min(os.sched_getaffinity(0))
        service = gofixture.Driven(self, exe, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        exporter = start_exporter(self, config)
        exporter.wait_attached("it")
        service.ask(str(CALLS), "done")
        samples = exporter.samples()
        self.assertEqual(exposition.family(samples, "entry_total"),
                         {series(sum="1", name="first"): 1, series(sum="1005", name="other"): CALLS})
        self.assertEqual(exposition.family(samples, "return_total"),
                         {series(sum="1", name="first", ret="1"): 1, series(sum="1005", name="other", ret="1000"): CALLS})
        self.assertEqual(exposition.losses(samples), {})
        exporter.stop()
        service.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
