"""The exporter comes, or comes back, when calls have been running for long: what runs is counted, and ends at zero."""

import json
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase

CONFIG = """\
services:
  it: {{ match: {{ exe: "{exe}" }} }}
metrics:
  serving_all: {{ type: gauge, help: Calls that run. }}
  recurse_duration_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
  serve_duration_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
probes:
  - name: serve
    service: it
    function: main.(*tally).serve
    record: [{{ metric: serving_all, in_flight: true }}]
  - name: serve duration
    service: it
    function: main.(*tally).serve
    record: [serve_duration_ms]
  - name: recurse
    service: it
    function: main.recurse
    record: [recurse_duration_ms]
"""


class Late(TestCase):
    def serving(self, samples):
        return samples.get(exposition.series("serving_all"), 0)

    def test_calls_that_run_already(self):
        exe = gofixture.build("expressions")
        config = self.write("probes.yaml", CONFIG.format(exe=exe))
        program = gofixture.Driven(self, exe)
        program.send("run")
        truth = {row["metric"]: row["value"] for row in json.loads(program.answer()) if not row["labels"]}
        self.assertEqual(truth["serving_all"], 10)

        first = start_exporter(self, config, "--strict", name="first")
        first.wait_for(lambda samples: self.serving(samples) == 10, "ten calls that began before the exporter")
        self.assertEqual(first.stop()[0], 0)
        second = start_exporter(self, config, "--strict", name="second")
        second.wait_for(lambda samples: self.serving(samples) == 10, "ten calls that the exporter before saw")
        program.send("release")
        program.answer()
        samples = second.wait_for(lambda samples: self.serving(samples) == 0, "the end of the calls")
        # When they began is not known, so there is no duration; and none that is made up.
        self.assertEqual(samples.get(exposition.series("serve_duration_ms_count"), 0), 0)
        program.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
