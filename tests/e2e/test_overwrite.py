"""A binary that is replaced under the exporter: the service starts every time, and is counted again."""

import shutil
import unittest

import exposition
import gofixture
from exporter import start_exporter
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
