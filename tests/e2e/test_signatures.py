"""Signatures that are not true: what the binary knows is refused, what it does not know is found at each call."""

import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, run

CALLS = 900
FAILED = 300

# name: (function, signature, condition for an error, {status: calls}, losses)
RIGHT = {
    "exec": ("main.exec", "func(i int) (main.Result, error)", "ret1", {"error": FAILED, "ok": CALLS - FAILED}, 0),
    "open": ("main.open", "func(i int) (*main.Rows, error)", "ret1", {"error": FAILED, "ok": CALLS - FAILED}, 0),
    "report": ("main.report", "func(result main.Result, err error) bool", "err", {"error": FAILED, "ok": CALLS - FAILED}, 0),
}
UNTRUE = {
    # database/sql's two kinds of functions, taken for each other
    "exec as open": ("main.exec", "func(i int) (*main.Rows, error)", "ret1", {"unknown": CALLS}, CALLS),
    "exec swapped": ("main.exec", "func(i int) (error, main.Result)", "ret0", {"unknown": CALLS}, CALLS),
    "open swapped": ("main.open", "func(i int) (error, *main.Rows)", "ret0", {"unknown": CALLS}, CALLS),
    "report swapped": ("main.report", "func(err error, result main.Result) bool", "err", {"unknown": CALLS}, CALLS),
}

HEAD = """\
services:
  it: {{ match: {{ exe: "{exe}" }} }}
metrics:
  calls_total: {{ type: counter, help: Calls., labels: [name, status], initialize: false }}
probes:
"""

PROBE = """\
  - name: {name}
    service: it
    function: {function}
    signature: "{signature}"
    labels:
      name: {{ const: {name} }}
      status: {{ error: {value} != nil, ok: {value} == nil, else: unknown }}
    record: [calls_total]
"""


class Signatures(TestCase):
    def config(self, exe, cases):
        return self.write("probes.yaml", HEAD.format(exe=exe) + "".join(
            PROBE.format(name=name, function=case[0], signature=case[1], value=case[2]) for name, case in cases.items()))

    def check_stripped(self, version):
        exe = gofixture.build("signatures", toolchain=f"go{version}" if version else "", variant=f"signatures-{version}")
        cases = RIGHT | UNTRUE
        program = gofixture.Driven(self, exe)
        exporter = start_exporter(self, self.config(exe, cases), "--strict")
        program.ask(f"run {CALLS}", "done")
        samples = exporter.samples()
        counted, lost = {name: {} for name in cases}, {name: {} for name in cases}
        for labels, number in exposition.family(samples, "calls_total").items():
            counted[dict(labels)["name"]][dict(labels)["status"]] = number
        for labels, number in exposition.family(samples, "uprobe_exporter_losses_total").items():
            if number:
                lost[dict(labels)["probe"]][dict(labels)["reason"]] = number
        self.assertEqual(counted, {name: case[3] for name, case in cases.items()})
        self.assertEqual(lost, {name: {"unlikely_value": case[4]} if case[4] else {} for name, case in cases.items()})
        self.assertEqual(exporter.stop()[0], 0)
        program.stop()

    def test_go_1_22(self):
        self.check_stripped("1.22.12")

    def test_go_1_26(self):
        self.check_stripped("")

    def test_go_1_27(self):
        self.check_stripped("1.27.4")

    def test_with_dwarf_they_are_refused(self):
        exe = gofixture.build("signatures", gofixture.UNSTRIPPED, variant="unstripped")
        for name, case in (RIGHT | UNTRUE).items():
            with self.subTest(name):
                plan = run(BINARY, "plan", "--config", self.config(exe, {name: case}), "--binary", exe, check=False)
                self.assertEqual(plan.returncode, 0 if name in RIGHT else 1, plan.stdout)
                if name in UNTRUE:
                    self.assertRegex(plan.stdout, r"signature: says func\(.*, but the binary has func\(.*; correct it or leave it out")


if __name__ == "__main__":
    unittest.main(verbosity=2)
