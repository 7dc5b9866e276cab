"""Calls that the compiler inlined, counted in stripped programs of several versions of Go."""

import json
import re
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, run

HEAD = """\
services:
  it: {{ match: {{ exe: "{exe}" }} }}
metrics:
  calls_total: {{ type: counter, help: Calls., labels: [name] }}
probes:
"""
PROBE = "  - {{ name: {name}, service: it, function: {function}, inlined: {inlined}, labels: {{ name: {{ const: {name} }} }}, record: [calls_total] }}\n"

METHODS = ("add", "addPositive", "addOpen", "addTimes", "addAtomically", "addInner", "addOuter", "addDeep", "addFirst", "addInSwitch",
           "addBoth", "addTwice", "addInClosure", "get")
FUNCTIONS = {**{name: f"main.(*counter).{name}" for name in METHODS}, "store": "main.(*box[...]).store", "mark": "main.tag.mark"}

# Shapes in which no instruction is sure to run once for each call.
REFUSED = {
    "addTimes": "no instruction of its body is sure to run once where the call begins",
    "get": "no instruction of its body is sure to run once where the call begins",
    "addInSwitch": "the caller has jumps whose targets are in a table",
}

CALLS = 1000


class Inlined(TestCase):
    def config(self, exe, inlined):
        probes = (PROBE.format(name=name, function=f'"{function}"', inlined=inlined) for name, function in FUNCTIONS.items())
        return self.write(f"probes-{inlined}.yaml", HEAD.format(exe=exe) + "".join(probes))

    def count(self, exe, inlined):
        """(counted, truth, {probe: why it was refused})"""
        config = self.config(exe, inlined)
        plan = run(BINARY, "plan", "--config", config, "--binary", exe, "--service", "it", check=False).stdout
        refused = dict(re.findall(r"^skipped (\S+)\n  reason +(.*)$", plan, re.MULTILINE))
        program = gofixture.Driven(self, exe)
        exporter = start_exporter(self, config, name=f"exporter-{inlined}")
        program.send(f"run {CALLS}")
        truth = json.loads(program.answer())
        samples = exporter.samples()
        counted = exposition.by_label(samples, "calls_total", "name")
        self.copies = exposition.by_label(samples, "uprobe_exporter_probe_inlined_copies", "probe")
        self.log = exporter.process.output()
        self.assertEqual(exporter.stop()[0], 0)
        program.stop()
        return counted, truth, refused

    def check(self, version=""):
        exe = gofixture.build("inlined", toolchain=f"go{version}" if version else "", variant=f"inlined-{version}")
        counted, truth, refused = self.count(exe, "true")
        self.assertEqual(set(truth), set(FUNCTIONS))
        self.assertEqual(counted, {name: number for name, number in truth.items() if name not in refused})
        self.assertEqual(set(refused), set(REFUSED), refused)
        for name, reason in REFUSED.items():
            self.assertIn(reason, refused[name])
        self.assertEqual(set(self.copies.values()), {0})
        # Without it, only calls that are calls in the machine code count.
        counted, _, _ = self.count(exe, "false")
        self.assertEqual({name: number for name, number in counted.items() if number}, {"addBoth": CALLS, "mark": CALLS})
        self.assertEqual(self.copies, {"addBoth": 1, "mark": 1})
        for name in self.copies:
            self.assertRegex(self.log, f"calls are not counted where the compiler .* probe={name} callers=1 in=main")

    def test_go_1_26(self):
        self.check()

    def test_go_1_21(self):
        self.check("1.21.13")

    def test_go_1_22(self):
        self.check("1.22.12")

    def test_go_1_25(self):
        self.check("1.25.4")

    def test_go_1_27(self):
        self.check("1.27.4")

    def test_go_1_20_is_refused(self):
        """Its tables lack calls whose body is one instruction: a count would be too low."""
        exe = gofixture.build("inlined", toolchain="go1.20.14", variant="inlined-1.20.14")
        plan = run(BINARY, "plan", "--config", self.config(exe, "true"), "--binary", exe, check=False)
        self.assertEqual(plan.returncode, 1)
        self.assertIn("go1.20.14 does not write down all of them", plan.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
