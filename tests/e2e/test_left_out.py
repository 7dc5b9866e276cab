"""What the configuration names and cannot be probed is said at once, at a start as at a reload, and again when it changes;
the probes beside it count."""

import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, kept_pins, run

CONFIG = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [kind] }}
probes:
  - name: work
    service: alpha
    function: "{function}"
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
"""

GHOST = """\
  - name: ghost
    service: alpha
    function: main.{name}
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
"""


class LeftOut(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")
        self.pins = kept_pins(self)
        self.config = self.dir / "probes.yaml"
        self.configure()
        self.service = gofixture.Driven(self, self.exe, "-role", "alpha", "-serve")
        self.exporters = 0

    def configure(self, function="main.(*worker).work", ghost=""):
        fresh = self.write("probes.new", CONFIG.format(exe=self.exe, function=function) + (GHOST.format(name=ghost) if ghost else ""))
        fresh.rename(self.config)

    def start_exporter(self):
        self.exporters += 1
        return start_exporter(self, self.config, "--bpf.pin-path", self.pins, "--web.enable-lifecycle", name=f"exporter{self.exporters}")

    def reload(self, exporter, **options):
        self.configure(**options)
        self.assertEqual(exporter.request("/-/reload", "POST").status, 200)

    def check(self, exporter, calls, *reasons, ghost=True):
        """`reasons`: how each begins."""
        self.service.ask("10", "done 10")
        samples = exporter.samples()
        self.assertEqual(sum(exposition.family(samples, "work_total").values()), calls)
        attached = exposition.by_label(samples, "uprobe_exporter_probe_attached", "probe")
        self.assertEqual(attached, {"work": 1, **({"ghost": 0} if ghost else {})})
        found = sorted(exposition.by_label(samples, "uprobe_exporter_probe_skipped", "reason"))
        self.assertEqual([any(reason.startswith(wanted) for wanted in reasons) for reason in found], [True] * len(reasons), found)

    def test_by_a_reload(self):
        exporter = self.start_exporter()
        self.check(exporter, 10, ghost=False)
        self.reload(exporter, ghost="flushOne")
        self.assertIn('msg="probe skipped" service=alpha probe=ghost reason="no function main.flushOne ', exporter.process.output())
        self.check(exporter, 20, "no function main.flushOne ")
        self.reload(exporter, ghost="flushTwo")
        self.assertIn('reason="no function main.flushTwo ', exporter.process.output())
        self.check(exporter, 30, "no function main.flushTwo ")
        self.reload(exporter, ghost="flushTwo")
        self.assertEqual(exporter.process.output().count('reason="no function main.flushTwo '), 1)
        exporter.stop()
        exporter = self.start_exporter()
        self.check(exporter, 40, "no function main.flushTwo ")
        self.reload(exporter)
        self.check(exporter, 50, ghost=False)

    def test_in_part(self):
        """One of the names is nowhere, another's function takes other arguments."""
        self.configure(function="main.(*worker).{work,calls,gone}")
        reasons = ("no function main.(*worker).gone in this binary", "main.(*worker).calls: ")
        planned = run(BINARY, "plan", "--config", self.config, "--binary", self.exe, check=False)
        self.assertEqual(planned.returncode, 1, planned.stdout)
        self.assertIn("0 skipped, 2 named functions not probed", planned.stdout)
        strict = run(BINARY, "run", "--strict", "--config", self.config, "--web.listen-address", "127.0.0.1:0", "--bpf.pin-path", self.pins,
                     check=False)
        self.assertEqual(strict.returncode, 1)
        exporter = self.start_exporter()
        for reason in reasons:
            self.assertIn(f"not probed: {reason}", planned.stdout)
            self.assertIn(f'msg="probe skipped in part" service=alpha probe=work reason="{reason}', exporter.process.output())
        self.assertIn("probe work: ", strict.stderr)
        self.assertIn("(--strict)", strict.stderr)
        self.check(exporter, 10, *reasons, ghost=False)
        # The same by a reload.
        self.reload(exporter)
        self.check(exporter, 20, ghost=False)
        self.reload(exporter, function="main.(*worker).{work,gone}")
        self.check(exporter, 30, reasons[0], ghost=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
