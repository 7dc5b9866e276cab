"""Programs of tests/fixtures/go: built as services are, driven over their standard input."""

import functools
import os
import subprocess

from support import PATIENCE, SOURCE, WORK, required, run

STRIPPED = ("-ldflags=-s -w",)
UNSTRIPPED = ()


@functools.cache
def build(name, flags=STRIPPED, toolchain="", cgo="0", variant="stripped"):
    """The executable of tests/fixtures/go/NAME; one for each variant."""
    source = SOURCE / "tests" / "fixtures" / "go" / name
    output = WORK / "fixtures" / variant / name
    environment = {**os.environ, "CGO_ENABLED": cgo, "GOFLAGS": "-mod=mod", **({"GOTOOLCHAIN": toolchain} if toolchain else {})}
    run(required("go"), "build", *flags, "-o", output, ".", cwd=source, env=environment)
    return output


class Driven:
    """A program that reads lines and answers each with a line."""

    def __init__(self, test, *command, ready="ready", **options):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, **options)
        test.addCleanup(self.kill)
        self.command = command
        if ready is not None:
            self.expect(ready)

    @property
    def pid(self):
        return self.process.pid

    def expect(self, wanted):
        line = self.process.stdout.readline().rstrip("\n")
        if line != wanted:
            raise AssertionError(f"{self.command}: {line!r} instead of {wanted!r}")

    def ask(self, line, wanted):
        self.send(line)
        self.expect(wanted)

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def answer(self):
        return self.process.stdout.readline().rstrip("\n")

    def stop(self):
        """Ends its input; it must end well."""
        self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"{self.command} ended with {code}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()
