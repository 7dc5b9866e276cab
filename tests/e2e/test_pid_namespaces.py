"""Services in pid namespaces of their own, nested ones too, and an exporter in one: everything that is known of a process is
found by the pid that the exporter sees."""

import pathlib
import unittest

import gofixture
from exporter import Exporter, start_exporter
from exposition import series
from support import BINARY, NO_PINS, TestCase, kept_pins, run, wait_until

CONFIG = """\
services:
  alpha: { match: { exe: "@EXE@", env: { ROLE: alpha } } }
  beta: { match: { exe: "@EXE@", env: { ROLE: beta } } }
metrics:
  serve_total: { type: counter, help: Calls., labels: [service] }
  serving: { type: gauge, help: Calls that block., labels: [service] }
probes:
  - { name: alpha, service: alpha, function: main.(*conn).serve, record: [serve_total, { metric: serving, in_flight: true }] }
  - { name: beta, service: beta, function: main.(*conn).serve, record: [serve_total, { metric: serving, in_flight: true }] }
"""

NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")


def total(service):
    return series("serve_total", service=service)


def serving(service):
    return series("serving", service=service)


class PidNamespaces(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("late", variant="pid-namespaces")
        self.config = self.write("probes.yaml", CONFIG.replace("@EXE@", str(self.exe)))

    def service(self, role, *inside):
        return gofixture.Driven(self, *inside, "env", f"ROLE={role}", self.exe)

    def test_short_processes_are_matched_by_their_environment(self):
        """Their first call is often over before userspace has looked."""
        alpha = self.service("alpha")
        exporter = start_exporter(self, self.config, "--strict")
        for depth in (1, 2):
            for _ in range(20):
                run(*NAMESPACE * depth, "env", "ROLE=beta", self.exe, input="open 10\nclose 10\n")
        # What is counted of a process that is gone before anybody has looked at its environment is nobody's: these wait.
        waiting = [self.service("beta", *NAMESPACE * depth) for depth in (1, 2, 3)]
        before = exporter.wait_processes(beta=3).get(total("beta"), 0)
        for beta in waiting:
            beta.ask("open 100", "open 100")
        samples = exporter.samples()
        self.assertEqual(samples[total("beta")] - before, 300, exporter.process.tail())
        self.assertEqual(samples[serving("beta")], 300)
        self.assertEqual(samples.get(total("alpha"), 0), 0)
        for beta in waiting:
            beta.ask("close 100", "close 100")
            beta.stop()
        samples = exporter.wait_processes(beta=0, alpha=1)
        self.assertEqual(samples[total("beta")] - before, 300)
        alpha.stop()

    def test_calls_from_before_and_counts_of_an_exporter_that_was_killed(self):
        beta = self.service("beta", *NAMESPACE, *NAMESPACE)
        beta.ask("open 300", "open 300")
        pins = ("--bpf.pin-path", kept_pins(self))
        exporter = start_exporter(self, self.config, "--strict", *pins)
        self.check(exporter, total=0, serving=300)
        beta.ask("open 10", "open 10")
        self.check(exporter, total=10, serving=310)
        exporter.process.kill()
        beta.ask("open 5", "open 5")
        exporter = start_exporter(self, self.config, "--strict", *pins, name="again")
        # The number of the process is the same: no count has gone to those of ended ones.
        self.check(exporter, total=10, serving=315)
        beta.ask("close 315", "close 315")
        self.check(exporter, total=10, serving=0)
        beta.stop()

    def check(self, exporter, **wanted):
        samples = exporter.samples()
        self.assertEqual({"total": samples.get(total("beta"), 0), "serving": samples.get(serving("beta"))}, wanted,
                         exporter.process.tail())
        self.assertNotIn(series("uprobe_exporter_unknown_baseline", metric="serving"), samples)

    def test_an_exporter_in_a_namespace_sees_its_own(self):
        init = gofixture.Driven(self, *NAMESPACE, "--mount-proc", "sh", "-c", "echo ready; read -r line")
        child = pathlib.Path(f"/proc/{init.pid}/task/{init.pid}/children").read_text().split()[0]
        enter = ("nsenter", f"--target={child}", "--mount", "--pid")
        outside = self.service("alpha")
        inside = self.service("alpha", *enter)
        deeper = self.service("beta", *enter, *NAMESPACE)
        exporter = Exporter(self.start("exporter", [*enter, BINARY, "run", "--config", self.config, *NO_PINS,
                                                    "--web.listen-address", "127.0.0.1:0"])).wait_ready()
        for service, calls in ((outside, 7), (inside, 20), (deeper, 3)):
            service.ask(f"open {calls}", f"open {calls}")
        samples = exporter.wait_processes(alpha=1, beta=1)
        self.assertEqual([samples.get(key) for key in (total("alpha"), serving("alpha"), total("beta"), serving("beta"))],
                         [20, 20, 3, 3], exporter.process.tail())

    def test_a_proc_of_another_namespace_is_refused(self):
        exporter = self.start("exporter", [*NAMESPACE, BINARY, "run", "--config", self.config, *NO_PINS,
                                           "--web.listen-address", "127.0.0.1:0"])
        wait_until(lambda: not exporter.running(), "the exporter's end")
        self.assertNotEqual(exporter.code(), 0)
        self.assertIn("/proc shows another pid namespace", exporter.output())


if __name__ == "__main__":
    unittest.main()
