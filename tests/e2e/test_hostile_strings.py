"""A service whose strings are no text, try to break out of their label, or are not where they say: every call is counted once,
under a label of its own, and the page stays a page."""

import json
import subprocess
import unittest

import gofixture
from exporter import start_exporter
from exposition import by_label, family, losses
from support import TestCase, required

MAX_LENGTH = 32
CONFIG = """\
services:
  hostile: {{ match: {{ exe: "{exe}" }} }}
metrics:
  take_total: {{ type: counter, help: Calls., labels: [value] }}
probes:
  - name: take
    service: hostile
    function: main.take
    signature: func(value string)
    labels: {{ value: {{ value: value, max_length: 32 }} }}
    record: [take_total]
"""

# Bytes, and how often the service calls with them.
TEXTS = {
    b"": 3,
    b"plain": 7,
    b'quote"quote': 2,
    b"back\\slash\\": 2,
    b"line\nbreak\r\n": 2,
    b"\x00zero\x00": 2,
    b'"} 1\nfake_total{a="': 4,
    b"\\\"} 1\n# EOF\n": 4,
    b"\xff\xfe": 2,
    b"\xc3": 2,
    b"\xed\xa0\x80": 2,
    b"a\xe2\x80\xa8b\xc2\x85": 2,
    "\u202egnirts".encode(): 2,
    b"__overflow__": 2,
    b"\x1b[31mred": 2,
    b"x" * MAX_LENGTH: 5,
    b"y" * (MAX_LENGTH + 1): 5,
    # A character that the limit would cut in two.
    b"z" * (MAX_LENGTH - 2) + "\N{EURO SIGN}!".encode(): 5,
}


def label(value):
    """Python's decoder says what is no text; Prometheus wants U+FFFD there."""
    if len(value) <= MAX_LENGTH:
        return value.decode("utf-8", "replace")
    return value[:MAX_LENGTH].decode("utf-8", "ignore") + "\N{HORIZONTAL ELLIPSIS}"


def read_strictly(page):
    """The page as Prometheus' own client reads OpenMetrics: {label: number}."""
    program = """
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
pairs = [(s.labels["value"], s.value) for f in text_string_to_metric_families(sys.stdin.buffer.read().decode())
         for s in f.samples if s.name == "take_total"]
assert len(pairs) == len(dict(pairs))
json.dump(pairs, sys.stdout)
"""
    done = subprocess.run(["/usr/bin/python3", "-c", program], input=page, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return dict(json.loads(done.stdout))


class HostileStrings(TestCase):
    def setUp(self):
        super().setUp()
        exe = gofixture.build("hostile")
        self.service = gofixture.Driven(self, exe)
        self.exporter = start_exporter(self, self.write("probes.yaml", CONFIG.format(exe=exe)), "--strict")

    def losses(self):
        return losses(self.exporter.samples())

    def test_texts(self):
        expected = {}
        for value, count in TEXTS.items():
            self.service.ask(f"bytes {value.hex()} {count}" if value else f"repeat 00 0 {count}", "done")
            expected[label(value)] = expected.get(label(value), 0) + count
        self.service.ask(f"repeat {b'long '.hex()} 4000000 6", "done")
        expected[label(b"long " * 10)] = 6

        self.assertEqual(by_label(self.exporter.samples(), "take_total", "value"), expected)
        openmetrics = self.exporter.request("/metrics", headers={"Accept": "application/openmetrics-text"}).body
        self.assertEqual(read_strictly(openmetrics), expected)
        checked = subprocess.run([required("promtool"), "check", "metrics"], input=self.exporter.page().encode(),
                                 capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(self.losses(), {})
        for page in ("/", "/metrics/hostile"):
            self.assertEqual(self.exporter.request(page).status, 200)

    def test_lies(self):
        lies = {
            "nothing there": ("0x7f0000000000", "5"),
            "the kernel's": ("0xffff888000000000", "5"),
            "not an address": ("0x8000000000000000", "5"),
            "the first page": ("0x1000", "5"),
            "far longer than anything": ("0x7f0000000000", "0x7fffffffffffffff"),
            "negative": ("0x7f0000000000", "-1"),
        }
        for address, length in lies.values():
            self.service.ask(f"header {address} {length} 100", "done")
        self.service.ask("bytes 6f6b 10", "done")
        counts = {dict(labels)["value"]: number for labels, number in family(self.exporter.samples(), "take_total").items()}
        self.assertEqual(counts, {"": 100 * len(lies), "ok": 10})
        self.assertEqual(self.losses(), {"read_failed": 100 * len(lies)})


if __name__ == "__main__":
    unittest.main()
