"""A folder, and processes that end with it: what tests/e2e expects of a test case."""

import contextlib
import shutil

from support import Process


class Workplace(contextlib.ExitStack):
    def __init__(self, folder):
        super().__init__()
        self.dir = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def start(self, name, command, **options):
        process = Process(name, command, self.dir / f"{name}.log", **options)
        self.callback(process.kill)
        return process

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def addCleanup(self, function, *arguments, **options):  # pylint: disable=invalid-name
        self.callback(function, *arguments, **options)

    def part(self, name):
        """A folder in this one, whose processes end before."""
        return self.enter_context(Workplace(self.dir / name))
