"""The exporter in a container of its own, services in others: real containers, by podman and runc."""

import unittest

import gofixture
from exporter import Exporter
from exposition import losses, series
from podman import Podman
from support import NO_PINS, TestCase, kept_pins

CONFIG = """\
services:
  alpha: { match: { exe: "/srv/podman-service", args: ["-role", "alpha"] } }
  beta:  { match: { exe: "/srv/podman-service", args: ["-role", "beta"] } }
metrics:
  work_total: { type: counter, help: Calls., labels: [service] }
probes:
  - name: work
    service: [alpha, beta]
    function: main.(*worker).work
    record: [work_total]
"""

LEAST = ("--cap-drop=all", *(f"--cap-add={name}" for name in ("BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "LEASE")),
         "--security-opt=no-new-privileges", "--read-only", "--pid=host")


class PodmanTest(TestCase):
    def setUp(self):
        super().setUp()
        self.podman = Podman(self)
        self.service = self.podman.load("service", ("srv/podman-service", gofixture.build("restarts")))
        self.image = self.podman.exporter_image()
        self.config = self.write("probes.yaml", CONFIG)
        self.calls = {"alpha": 0, "beta": 0}

    def start_process(self, *podman, arguments=()):
        command = self.podman.exporter_command(self.image, self.config, *podman, arguments=arguments)
        return self.start("exporter", command, env=self.podman.environment)

    def start_exporter(self, *podman, arguments=()):
        return Exporter(self.start_process(*podman, arguments=arguments)).wait_ready()

    def serve(self, name, role):
        return self.podman.driven(name, self.service, "/srv/podman-service", "-role", role, "-serve")

    def make_calls(self, exporter, role, service, calls):
        service.ask(str(calls), f"done {calls}")
        self.calls[role] += calls
        self.check(exporter)

    def check(self, exporter):
        samples = exporter.samples()
        self.assertEqual({role: samples.get(series("work_total", service=role), 0) for role in self.calls}, self.calls)
        self.assertEqual(losses(samples), {})

    def count_calls(self, exporter):
        alpha, beta, other = (self.serve(name, name) for name in ("alpha", "beta", "other"))
        exporter.wait_processes(alpha=1, beta=1)
        for _ in range(3):
            self.make_calls(exporter, "alpha", alpha, 1000)
            self.make_calls(exporter, "beta", beta, 70)
            other.ask("500", "done 500")
        alpha.stop()
        exporter.wait_processes(alpha=0)
        self.check(exporter)
        again = self.serve("again", "alpha")
        exporter.wait_processes(alpha=1)
        self.make_calls(exporter, "alpha", again, 300)
        return again

    def test_privileged(self):
        pins = kept_pins(self)
        volume = "--volume=/sys/fs/bpf:/sys/fs/bpf"
        exporter = self.start_exporter("--privileged", "--pid=host", volume, arguments=["--bpf.pin-path", pins])
        service = self.count_calls(exporter)
        exporter.stop()
        exporter = self.start_exporter("--privileged", "--pid=host", volume, arguments=["--bpf.pin-path", pins])
        self.check(exporter)
        exporter.wait_processes(alpha=1)
        self.make_calls(exporter, "alpha", service, 11)
        self.assertEqual(exporter.stop()[0], 0)

    def test_least_privilege(self):
        exporter = self.start_exporter(*LEAST, "--security-opt=seccomp=unconfined", arguments=NO_PINS)
        self.count_calls(exporter)
        self.assertEqual(exporter.stop()[0], 0)

    def test_a_seccomp_filter_is_named(self):
        exporter = self.start_process(*LEAST, arguments=NO_PINS)
        self.assertEqual(exporter.wait(), 1)
        self.assertIn("a seccomp filter of this container refuses bpf()", exporter.output())

    def test_a_missing_bpf_file_system_is_said(self):
        exporter = self.start_exporter("--privileged", "--pid=host", "--tmpfs=/sys/fs/bpf")
        self.assertIn("is in no BPF file system: mount -t bpf bpf /sys/fs/bpf", exporter.process.output())
        self.count_calls(exporter)


if __name__ == "__main__":
    unittest.main()
