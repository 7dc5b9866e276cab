"""A binary that is replaced under the exporter: the service starts every time, and is counted again."""

import os
import shutil
import unittest

import exposition
import gofixture
from exporter import start_exporter
from overwriting import Overwriting
from support import TestCase, run, wait_until
from test_restarts import CONFIG


class Overwrite(TestCase):
    def setUp(self):
        super().setUp()
        # Two builds whose functions lie elsewhere: a stale breakpoint would end the second.
        self.builds = (gofixture.build("restarts"),
                       gofixture.build("restarts", flags=("-ldflags=-s -w", "-gcflags=all=-N -l"), variant="unoptimised"))
        self.exe = self.dir / "service"
        shutil.copy(self.builds[0], self.exe)
        self.exporter = start_exporter(self, self.write("probes.yaml", CONFIG.format(exe=self.exe)), "--strict")

    def counted(self):
        return exposition.by_label(self.exporter.samples(), "number_total", "service").get("alpha", 0)

    def stop(self, process):
        process.kill()
        process.process.wait()

    def check_counts(self):
        """Each call of a service that runs now is counted."""
        process = gofixture.Driven(self, self.exe, "-role", "alpha", "-serve")
        before = self.counted()

        # New probes are there some milliseconds after the first start of a new file.
        def another():
            process.ask("2", "done 2")
            return self.counted() > before

        wait_until(another, "the new binary is counted")
        before = self.counted()
        process.ask("5", "done 5")
        self.assertEqual(self.counted() - before, 0 + 1 + 2 + 3 + 4)
        self.stop(process)

    def test_in_place(self):
        self.check_counts()
        for build in (self.builds[1], self.builds[0]):
            shutil.copyfile(build, self.exe)
            run(self.exe, "-role", "alpha", "-calls", 3, "-kinds", 1)
            self.check_counts()

    def test_by_rename(self):
        self.check_counts()
        shutil.copy(self.builds[1], self.dir / "new")
        (self.dir / "new").rename(self.exe)
        run(self.exe, "-role", "alpha", "-calls", 3, "-kinds", 1)
        self.check_counts()

    def test_while_the_exporter_is_dead(self):
        self.check_counts()
        self.exporter.process.kill()
        shutil.copyfile(self.builds[1], self.exe)
        run(self.exe, "-role", "alpha", "-calls", 3, "-kinds", 1)


class OverwrittenWhileTheExporterSleeps(TestCase):
    """A little of what tests/reliability does at length."""

    def test_probed_as_a_whole(self):
        overwriting = Overwriting(self, per_process=False)
        overwriting.run(10)
        self.assertEqual(overwriting.scopes(), {"scope=file"})

    def test_probed_per_process(self):
        overwriting = Overwriting(self, per_process=True)
        overwriting.run(10)
        self.assertEqual(overwriting.scopes(), {"scope=process"})


class Touched(TestCase):
    """Another time, mode or name is not another program: no call is missed, nothing is attached again."""

    def check(self, per_process):
        overwriting = Overwriting(self, per_process)
        overwriting.wait_counted()
        before = overwriting.counted()
        changes = (lambda: os.utime(overwriting.exe), lambda: os.chmod(overwriting.exe, 0o700),
                   lambda: os.link(overwriting.exe, self.dir / "name"), lambda: os.unlink(self.dir / "name"))
        for number, change in enumerate(changes, 1):
            change()
            overwriting.call(10)
            # A process that starts makes the exporter look.
            run(overwriting.exe, "-look", stdin=open(os.devnull, encoding="utf-8"))  # pylint: disable=consider-using-with
            overwriting.call(10)
            self.assertEqual(overwriting.counted() - before, 20 * number)
        log = overwriting.exporter.process.output()
        self.assertEqual(log.count("msg=attached "), 1, log)
        self.assertNotIn("detached", log)

    def test_probed_as_a_whole(self):
        self.check(per_process=False)

    def test_probed_per_process(self):
        self.check(per_process=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
