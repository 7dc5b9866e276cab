"""Files of others that change while they are read, or are no files: an error, never the end of the exporter."""

import os
import random
import shutil
import subprocess
import threading
import time
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, run, wait_until

CONFIG = """
services: {{ service: {{ match: {{ exe: "{exe}" }} }} }}
metrics: {{ calls_total: {{ type: counter, help: Calls. }} }}
probes: [{{ service: service, function: main.handle, record: [calls_total] }}]
"""

ROUNDS = 40


class HostileFiles(TestCase):
    rounds = ROUNDS

    def setUp(self):
        super().setUp()
        self.program = gofixture.build("overwritten", ("-ldflags=-s -w",), variant="this")
        self.exe = self.dir / "service"
        self.config = self.write("probes.yaml", CONFIG.format(exe=self.exe))
        self.chance = random.Random(7)

    def plan(self, binary, **options):
        return run(BINARY, "plan", "--config", self.config, "--binary", binary, check=False, **options)

    def test_truncated_while_it_is_planned(self):
        """Cut, made whole and cut again, all the time."""
        done = threading.Event()

        def change():
            whole = self.program.read_bytes()
            with open(self.exe, "wb", buffering=0) as file:
                while not done.is_set():
                    file.truncate(0)
                    file.seek(0)
                    file.write(whole)
                    file.truncate(8192)

        shutil.copy(self.program, self.exe)
        changer = threading.Thread(target=change)
        changer.start()
        try:
            for _ in range(self.rounds):
                planned = self.plan(self.exe)
                self.assertIn(planned.returncode, (0, 1), planned.stderr)
        finally:
            done.set()
            changer.join()

    def test_truncated_while_it_is_attached(self):
        exporter = start_exporter(self, self.config)
        for _ in range(self.rounds):
            shutil.copy(self.program, self.exe)
            with subprocess.Popen([self.exe], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
                time.sleep(self.chance.uniform(0, 0.03))  # where in its work the exporter is then is the point
                process.kill()
            os.truncate(self.exe, 8192)
            self.exe.unlink()
            self.assertTrue(exporter.process.running(), exporter.process.tail())
        shutil.copy(self.program, self.exe)
        service = gofixture.Driven(self, self.exe)

        def counted():
            service.ask("1", "done 1")
            return sum(exposition.family(exporter.samples(), "calls_total").values()) > 0

        wait_until(counted, "a whole file is probed as ever", [exporter.process])

    def test_larger_than_any_memory(self):
        shutil.copy(self.program, self.exe)
        whole = self.plan(self.exe)
        self.assertEqual(whole.returncode, 0, whole.stderr)
        try:
            os.truncate(self.exe, 1 << 40)
        except OSError as error:
            self.skipTest(f"this file system has no files of a terabyte: {error}")
        self.assertEqual(self.plan(self.exe).stdout, whole.stdout)

    def test_no_files(self):
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        for path in (fifo, "/dev/zero", self.dir):
            planned = self.plan(path)
            self.assertEqual(planned.returncode, 1)
            self.assertIn(f"{path} is not a regular file", planned.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
