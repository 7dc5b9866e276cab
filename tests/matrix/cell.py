"""One row of the matrix: the fixture runs watched by the exporter, and once more watched by a counter at first instructions."""

import json
import os
import subprocess

import builds
import cases
from exporter import Exporter
from exposition import family, parse
from support import BINARY, BUILD, NO_PINS, PATIENCE, Process

CONTROL = BUILD / "first_instruction_count"
COUNT_IN_LIBRARY = BUILD / "count_in_library"

# First instructions run one by one in the kernel: the control would take longer than all the rest.
MOST_CONTROL_CALLS = 10000


class Fixture:
    """The program, driven from stage to stage."""

    def __init__(self, command, library=None):
        self.library = library
        # Stacks begin small however large they were before: they must grow.
        environment = {**os.environ, "GODEBUG": "adaptivestackstart=0"}
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)
        self.stage("ready", go_on=False)

    def stage(self, name, go_on=True):
        if go_on:
            self.go_on()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the fixture ended with {self.process.wait(PATIENCE)}")
        found = json.loads(line)
        if found["stage"] != name:
            raise AssertionError(f"the fixture is at {found['stage']}, not at {name}")
        return found

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Control:
    """Counts how often first instructions run."""

    def __init__(self, binary, functions):
        self.functions = functions
        self.process = subprocess.Popen([CONTROL, binary, *functions], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"{CONTROL} ended with {self.process.wait(PATIENCE)}")

    def counts(self):
        output, _ = self.process.communicate("\n", PATIENCE)
        lines = [line.rsplit(" ", 1) for line in output.splitlines()]
        return {function: int(count) for function, count in lines}

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Exporting:
    """The exporter on a program."""

    def __init__(self, config, fixture, folder, name="exporter"):  # pylint: disable=unused-argument
        self.process = Process(name, [BINARY, "run", "--config", config, "--web.listen-address", "127.0.0.1:0", *NO_PINS],
                               folder / f"{name}.log")
        self.exporter = Exporter(self.process).wait_ready()
        self.exporter.wait_attached("matrix")

    def page(self):
        return Page(self.exporter.samples())

    def end(self):
        self.process.kill()


class Library:
    """The exporter's stages on a shared library."""

    def __init__(self, config, fixture, folder, name="exporter"):
        with open(folder / f"{name}.log", "wb") as log:
            self.process = subprocess.Popen([COUNT_IN_LIBRARY, config, fixture.library, str(fixture.process.pid)],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"{COUNT_IN_LIBRARY} ended with {self.process.wait(PATIENCE)}")

    def page(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        lines = []
        while not lines or lines[-1] != "# end\n":
            lines.append(self.process.stdout.readline())
        return Page(parse("".join(lines)))

    def end(self):
        self.process.kill()
        self.process.communicate()


class Page:
    """What the exporter says about each function."""

    def __init__(self, samples):
        self.samples = samples

    def number(self, metric, **labels):
        wanted = set(labels.items())
        return int(sum(number for found, number in family(self.samples, metric).items() if wanted <= found))

    def texts(self, function):
        return {dict(labels)["text"]: int(number) for labels, number in family(self.samples, "labelled_total").items()
                if ("function", function) in labels}

    def losses(self, probe):
        return {dict(labels)["reason"]: int(number) for labels, number in family(self.samples, "uprobe_exporter_losses_total").items()
                if ("probe", probe) in labels and number}

    def skipped(self, probe):
        reasons = [dict(labels)["reason"] for labels in family(self.samples, "uprobe_exporter_probe_skipped")
                   if ("probe", probe) in labels]
        return reasons[0] if reasons else None


def _differences(function, truth, page, held):
    """What is wrong about one function, as texts."""
    calls, returns = truth["functions"][cases.OUTERMOST.get(function, function)].values()
    unwound = {"unwound": calls - returns} if calls != returns else {}
    found = []

    def check(what, value, wanted):
        if value != wanted:
            found.append(f"{function}: {what} {value} instead of {wanted}")

    def check_probe(kind, wanted_losses):
        check(f"{kind}: skipped", page.skipped(f"{kind} {function}"), None)
        check(f"{kind}: losses", page.losses(f"{kind} {function}"), wanted_losses)

    check_probe("entry", {})
    check("calls", page.number("calls_total", function=function), calls)
    if function not in cases.PROMOTED:
        check_probe("frame", unwound)
        check_probe("ended", {})
        check("durations", page.number("duration_ms_count", function=function), returns)
        check("returned", page.number("ended_total", function=function, ended="returned"), returns)
        check("unwound", page.number("ended_total", function=function, ended="unwound"), calls - returns)
        check("in flight at the end", page.number("open", function=function), 0)
        if function in truth["held"]:
            check("in flight while held", held.number("open", function=function), truth["held"][function])
    if function in cases.OUTERMOST:
        calls, returns = truth["functions"][function].values()
        check_probe("outermost", {"unwound": calls - returns})
        check("outermost calls", page.number("outermost_total", function=function), calls)
        check("outermost durations", page.number("outermost_ms_count", function=function), returns)
    if function in cases.LABELS:
        check_probe("label", unwound)
        check("texts", page.texts(function), truth["labels"][function])
    return found


def _late_differences(function, held, late_page, last_page):
    """What an exporter says that came while calls ran: `late_page` then, `last_page` after they have returned."""
    found = []
    for when, page, wanted in (("while they run", late_page, held[function]), ("at the end", last_page, 0)):
        number, losses = page.number("open", function=function), page.losses(f"late {function}")
        if number != wanted or losses:
            found.append(f"{function}: {when} {number} in flight instead of {wanted}, losses {losses}")
    return found


def _excess(case, truth, control):
    return sum(abs(control[function] - truth["functions"][cases.OUTERMOST.get(function, function)]["calls"])
               for function in case.functions)


class Row:
    """{case: differences} and {case: calls that a probe at the first instruction sees too often}."""

    def __init__(self):
        self.differences, self.excess = {}, {}


class Program:
    """What a row runs."""

    def __init__(self, version, way):
        self.cgo = builds.BUILDS[way].cgo
        self.binary = builds.fixture(version, way)
        self.is_library = way == "c-shared"
        self.exe = builds.host() if self.is_library else self.binary

    def start(self, calls):
        return Fixture([self.exe, self.binary, calls] if self.is_library else [self.exe, "-calls", calls],
                       self.binary if self.is_library else None)


def _compare(row, program, calls, folder):
    """Whether the exporter's numbers are those of the program."""
    config, late_config = folder / "probes.yaml", folder / "late.yaml"
    config.write_text(cases.probes_yaml(program.exe, program.cgo))
    late_config.write_text(cases.late_yaml(program.exe, program.cgo))
    attach = Library if program.is_library else Exporting
    running = []
    try:
        running.append(fixture := program.start(calls))
        running.append(exporting := attach(config, fixture, folder))
        held_truth = fixture.stage("held")["held"]
        held = exporting.page()
        running.append(late := attach(late_config, fixture, folder, "late_exporter"))
        late_page = late.page()
        truth = {**fixture.stage("done"), "held": held_truth}
        page, last_page = exporting.page(), late.page()
        for case in cases.cases_of(program.cgo):
            row.differences[case.name] = [
                text for function in case.functions for text in _differences(function, truth, page, held)] + [
                text for function in case.late for text in _late_differences(function, held_truth, late_page, last_page)]
    finally:
        for each in running:
            each.end()


def _control(row, program, calls):
    """What probes at first instructions would count."""
    running = []
    try:
        running.append(fixture := program.start(calls))
        running.append(control := Control(program.binary, cases.functions_of(program.cgo)))
        held = fixture.stage("held")["held"]
        truth, counts = fixture.stage("done"), control.counts()
        for case in cases.cases_of(program.cgo):
            row.excess[case.name] = _excess(case, truth, counts) + sum(held[function] for function in case.late)
    finally:
        for each in running:
            each.end()


def measure(version, way, calls, folder):
    """Runs one row. Logs and the configs stay in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    program, row = Program(version, way), Row()
    _control(row, program, min(calls, MOST_CONTROL_CALLS))
    _compare(row, program, calls, folder)
    return row
