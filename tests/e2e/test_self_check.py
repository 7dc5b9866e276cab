"""A program that compares its own code with a checksum at its start: Go's FIPS 140 module. No probe keeps it from starting."""

import os
import shutil
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, run, wait_until

CONFIG = """
services: {{ hashing: {{ match: {{ exe: "{exe}" }} }} }}
metrics:
  writes_total: {{ type: counter, help: Writes. }}
  any_total: {{ type: counter, help: Either. }}
  hashes_total: {{ type: counter, help: Hashes. }}
probes:
  - {{ name: write, service: hashing, function: "crypto/internal/fips140/sha256.(*Digest).Write", record: [writes_total] }}
  - {{ name: any, service: hashing, function: "{{crypto/internal/fips140/sha256.(*Digest).Write,main.hash}}", record: [any_total] }}
  - {{ name: hash, service: hashing, function: main.hash, record: [hashes_total] }}
"""

REASON = "it is part of Go's FIPS 140 module, whose code the program compares with a checksum at its start"
STARTS = 5


class SelfCheck(TestCase):
    starts = STARTS

    def check(self, name, toolchain, flags, cgo="0"):
        exe = self.dir / "hashing"
        shutil.copy(gofixture.build("self_check", flags, toolchain, cgo, variant=name), exe)
        config = self.write("probes.yaml", CONFIG.format(exe=exe))
        plan = run(BINARY, "plan", "--config", config, "--binary", exe, check=False)
        self.assertEqual(plan.returncode, 1)  # a probe is skipped
        self.assertIn(REASON, plan.stdout)
        exporter = start_exporter(self, config)
        checked = {**os.environ, "GODEBUG": "fips140=on"}
        first = gofixture.Driven(self, exe, ready="fips false", env={**os.environ, "GODEBUG": "fips140=off"})

        def hashes():
            return sum(exposition.family(exporter.samples(), "hashes_total").values())

        def counted():
            first.ask("1", "done 1")
            return hashes() > 0

        wait_until(counted, "the first process is counted", [exporter.process])
        exporter.wait_log(REASON)
        before = hashes()
        for _ in range(self.starts):
            process = gofixture.Driven(self, exe, ready="fips true", env=checked)
            process.ask("10", "done 10")
            process.stop()
        self.assertEqual(hashes() - before, self.starts * 10)
        samples = exporter.samples()
        self.assertEqual(sum(exposition.family(samples, "any_total").values()), hashes())
        self.assertEqual(sum(exposition.family(samples, "writes_total").values()), 0)

    def test_stripped(self):
        self.check("stripped", "", ("-ldflags=-s -w",))

    def test_with_debug_information(self):
        self.check("debug", "", ())

    def test_pie(self):
        self.check("pie", "", ("-buildmode=pie", "-ldflags=-s -w"))

    def test_cgo(self):
        self.check("cgo", "", ("-ldflags=-s -w -linkmode=external",), cgo="1")

    def test_go_1_24(self):
        self.check("go1.24", "go1.24.13", ("-ldflags=-s -w",))

    def test_go_1_27(self):
        self.check("go1.27", "go1.27.4", ("-ldflags=-s -w",))


if __name__ == "__main__":
    unittest.main(verbosity=2)
