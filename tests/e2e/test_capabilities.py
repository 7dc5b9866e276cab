"""What the exporter may do: it gives up all but a few capabilities, works with those alone, and names a missing one."""

import pathlib
import pwd
import shutil
import tempfile
import unittest

import gofixture
from exporter import Exporter
from exposition import series
from support import BINARY, NO_PINS, TestCase, run

CONFIG = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service] }}
probes:
  - name: work
    service: alpha
    function: main.(*worker).work
    record: [work_total]
"""

WORK = series("work_total", service="alpha")
NOBODY = pwd.getpwnam("nobody")
# Numbers of linux/capability.h.
NUMBERS = {"dac_read_search": 2, "sys_ptrace": 19, "lease": 28, "perfmon": 38, "bpf": 39}
NEEDED = {
    "bpf": "CAP_BPF (loading programs and maps)",
    "perfmon": "CAP_PERFMON (attaching probes and reading kernel task structs)",
    "sys_ptrace": "CAP_SYS_PTRACE (opening /proc/PID/exe and reading polled gauges of other users' processes)",
    "dac_read_search": "CAP_DAC_READ_SEARCH (reading binaries of other users)",
}
KEPT = (*NEEDED, "lease")


def mask(names):
    return sum(1 << NUMBERS[name] for name in names)


def only(names):
    """A command that runs another as root with these capabilities and no others to be had."""
    return "setpriv", "--inh-caps=-all", "--bounding-set=-all" + "".join(f",+{name}" for name in names)


def as_nobody(names):
    """The same as another user, as systemd and Kubernetes' runtimes do it."""
    added = "".join(f",+{name}" for name in names)
    return ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups", f"--inh-caps=-all{added}",
            f"--ambient-caps=-all{added}", f"--bounding-set=-all{added}")


class Capabilities(TestCase):
    def setUp(self):
        super().setUp()
        # Every user may get here.
        self.shared = pathlib.Path(tempfile.mkdtemp(prefix="capabilities"))
        self.addCleanup(shutil.rmtree, self.shared)
        self.shared.chmod(0o755)
        self.exporter_program = shutil.copy(BINARY, self.shared)
        # Only root may get here.
        self.hidden = self.dir / "hidden"
        self.hidden.mkdir(mode=0o700)
        self.service = shutil.copy(gofixture.build("restarts"), self.hidden)
        self.config = self.shared / "probes.yaml"
        self.config.write_text(CONFIG.format(exe=self.service))

    def command(self, prefix):
        return [*prefix, self.exporter_program, "run", "--config", self.config, "--web.listen-address", "127.0.0.1:0", *NO_PINS,
                "--strict"]

    def serve_calls(self):
        return gofixture.Driven(self, self.service, "-role", "alpha", "-serve")

    def start_exporter(self, prefix):
        return Exporter(self.start("exporter", self.command(prefix))).wait_ready()

    def check_counts(self, exporter, before):
        """Counts the calls of a service that ran before, and of one that starts now."""
        before.ask("1000", "done 1000")
        self.assertEqual(exporter.samples()[WORK], 1000)
        after = self.serve_calls()
        exporter.wait_processes(alpha=2)
        after.ask("500", "done 500")
        exporter.wait_for(lambda samples: samples[WORK] == 1500, "calls of a service that started later")

    def check_capabilities(self, exporter, names, bounding):
        for task in pathlib.Path(f"/proc/{exporter.process.pid}/task").iterdir():
            status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
            found = {key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")}
            self.assertEqual(found, {"CapEff": mask(names), "CapPrm": mask(names), "CapInh": 0, "CapAmb": 0,
                                     "CapBnd": mask(bounding)}, task)
            self.assertEqual(status["NoNewPrivs"], "1")

    def test_root_gives_up_the_rest(self):
        before = self.serve_calls()
        exporter = self.start_exporter(())
        self.check_capabilities(exporter, KEPT, KEPT)
        self.check_counts(exporter, before)

    def test_root_with_the_list_alone(self):
        before = self.serve_calls()
        exporter = self.start_exporter(only(KEPT))
        self.check_capabilities(exporter, KEPT, KEPT)
        self.check_counts(exporter, before)

    def test_another_user(self):
        before = self.serve_calls()
        exporter = self.start_exporter(as_nobody(KEPT))
        self.check_capabilities(exporter, KEPT, KEPT)
        self.check_counts(exporter, before)
        self.assertIn("scope=file", exporter.process.output())

    def test_without_leases(self):
        before = self.serve_calls()
        exporter = self.start_exporter(as_nobody(NEEDED))
        self.check_capabilities(exporter, NEEDED, NEEDED)
        self.assertIn("missing CAP_LEASE (holding binaries of other users against being overwritten)",
                      exporter.process.output())
        self.assertIn("scope=process", exporter.process.output())
        before.ask("1000", "done 1000")
        self.assertEqual(exporter.samples()[WORK], 1000)

    def test_each_missing_one_is_named(self):
        for prefix in (only, as_nobody):
            for missing, expected in NEEDED.items():
                with self.subTest(prefix=prefix.__name__, missing=missing):
                    done = run(*self.command(prefix([name for name in KEPT if name != missing])), check=False)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(f'error="missing {expected}; run as root or give these capabilities"', done.stderr)


if __name__ == "__main__":
    unittest.main()
