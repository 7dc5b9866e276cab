"""A service in a container: other mount, pid and network namespaces, its binary on overlayfs. The exporter is outside."""

import pathlib
import shutil
import unittest

import gofixture
from exporter import start_exporter
from exposition import losses, series
from support import SOURCE, TestCase, required, run, wait_until

IN_CONTAINER = SOURCE / "tests" / "e2e" / "in_container.sh"

CONFIG = """\
services:
  alpha: { match: { exe: "/srv/service", args: ["-role", "alpha"] } }
metrics:
  work_total: { type: counter, help: Calls., labels: [service] }
  work_in_flight: { type: gauge, help: Calls that run., labels: [service] }
probes:
  - name: work
    service: alpha
    function: main.(*worker).work
    record: [work_total, { metric: work_in_flight, in_flight: true }]
"""

WORK = series("work_total", service="alpha")


class Container:
    def __init__(self, test, image):
        self.test = test
        self.init = gofixture.Driven(test, IN_CONTAINER, image, "/bin/sh", "-c", "echo ready; read -r line")
        children = pathlib.Path(f"/proc/{self.init.pid}/task/{self.init.pid}/children").read_text().split()
        self.enter = ("nsenter", f"--target={children[0]}", "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd=/")

    def run(self, *command):
        return run(*self.enter, *command)

    def serve(self):
        """A service that makes calls as it is told."""
        return gofixture.Driven(self.test, *self.enter, "/srv/service", "-role", "alpha", "-serve")


class Containers(TestCase):
    def setUp(self):
        super().setUp()
        self.image = self.dir / "image"
        (self.image / "bin").mkdir(parents=True)
        (self.image / "srv").mkdir()
        shutil.copy(required("busybox"), self.image / "bin" / "busybox")
        for name in ("sh", "cp", "mv", "umount"):
            (self.image / "bin" / name).symlink_to("busybox")
        shutil.copy(gofixture.build("restarts"), self.image / "srv" / "service")
        # The same program with its function elsewhere.
        shutil.copy(gofixture.build("restarts", flags=("-ldflags=-s -w", "-gcflags=-N -l"), variant="unoptimised"),
                    self.image / "srv" / "next")
        self.calls = 0
        self.exporter = start_exporter(self, self.write("probes.yaml", CONFIG))

    def make_calls(self, service, calls):
        service.ask(str(calls), f"done {calls}")
        self.calls += calls
        self.assertEqual(self.exporter.samples()[WORK], self.calls)

    def test_restarts(self):
        container = Container(self, self.image)
        service = container.serve()
        self.exporter.wait_attached("alpha")
        self.make_calls(service, 1000)
        # Processes that start and end inside, from their first call on.
        for _ in range(20):
            container.run("/srv/service", "-role", "alpha", "-calls", "50")
            self.calls += 50
        self.make_calls(service, 1)
        service.stop()
        samples = self.exporter.wait_processes(alpha=0)
        self.assertEqual(samples[WORK], self.calls)
        self.assertEqual(losses(samples), {})

    def test_two_containers_of_one_image(self):
        first, second = Container(self, self.image), Container(self, self.image)
        services = [first.serve(), second.serve()]
        self.exporter.wait_processes(alpha=2)
        for service in (*services, services[1]):
            self.make_calls(service, 700)
        # To overlayfs they are two files; breakpoints are in the one below.
        self.assertEqual(self.exporter.process.output().count("msg=attached "), 1)
        first.init.kill()  # process 1 takes the others with it
        self.exporter.wait_processes(alpha=1)
        self.make_calls(services[1], 300)

    def replace_and_count(self, *commands):
        container = Container(self, self.image)
        old = container.serve()
        self.exporter.wait_attached("alpha")
        self.make_calls(old, 100)
        if commands[0][-1] == "/srv/service":
            old.stop()  # a file that runs cannot be written to
        for command in commands:
            container.run(*command)
        if old.process.poll() is None:
            self.make_calls(old, 100)
        new = container.serve()
        wait_until(lambda: self.exporter.process.output().count("msg=attached ") == 2, "attaching to the new binary")
        self.make_calls(new, 100)

    def test_binary_replaced_by_rename(self):
        self.replace_and_count(("/bin/cp", "/srv/next", "/srv/new"), ("/bin/mv", "/srv/new", "/srv/service"))

    def test_binary_overwritten_in_place(self):
        self.replace_and_count(("/bin/cp", "/srv/next", "/srv/service"))


if __name__ == "__main__":
    unittest.main()
