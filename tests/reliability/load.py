"""Services that make calls and keep count of them themselves, and what is seen of them."""

import itertools
import os
import struct
import threading

import gofixture
from exposition import family

# In the order of the fixture's tallies: two numbers each, begun and ended.
TALLIES = ("work", "timed", "nested", "held", "open")
METRICS = {"work": "work_total", "timed": "timed_ms_count", "nested": "nested_ms_count", "held": "held_ms_count"}

CONFIG = """\
limits: {{ in_flight: {in_flight} }}
services:
  load: {{ match: {{ exe: "{exe}", args: ["-role", "{role}"] }} }}
metrics:
  work_total: {{ type: counter, help: "{calls_help}", labels: [kind], max_series: {max_series} }}
  timed_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
  nested_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
  held_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
  open_objects: {{ type: gauge, help: Objects that are open. }}
  {more_metrics}
probes:
  - name: work
    service: load
    function: main.work
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
  - {{ name: timed, service: load, function: main.timed, record: [timed_ms] }}
  - {{ name: nested, service: load, function: main.nested, record: [nested_ms] }}
  - {{ name: held, service: load, function: main.held, record: [held_ms] }}
  - name: open
    service: load
    function: main.open
    signature: "func(o *main.object) error"
    record: [{{ metric: open_objects, add: 1, key: o }}]
  - name: shut
    service: load
    function: main.shut
    signature: "func(o *main.object) error"
    record: [{{ metric: open_objects, add: -1, key: o }}]
  {more_probes}
"""

MORE_METRICS = "more_total: { type: counter, help: Calls., labels: [kind] }"
MORE_PROBES = """\
- name: more
    service: load
    function: main.work
    signature: func(kind string, number int) error
    labels: { kind: kind }
    record: [more_total]
  - { name: more_timed, service: load, function: main.timed, record: [more_total], labels: { kind: { const: timed } } }
"""


def config(exe, role, more=False, in_flight=16384, max_series=1000, calls_help="Calls."):
    return CONFIG.format(exe=exe, role=role, in_flight=in_flight, max_series=max_series, calls_help=calls_help, more_metrics=MORE_METRICS if more else "",
                         more_probes=MORE_PROBES if more else "")


def counted(samples, *tallies):
    """Calls of these functions that the exporter shows; of work and timed unless given."""
    return int(sum(sum(family(samples, METRICS[name]).values()) for name in tallies or ("work", "timed")))


class Truth:
    """What a process has done so far, also one that is gone."""

    def __init__(self, path):
        self.path = path

    def _numbers(self):
        data = self.path.read_bytes() if self.path.exists() else b""
        return struct.unpack(f"<{2 * len(TALLIES)}Q", data) if data else (0,) * 2 * len(TALLIES)

    def begun(self, *tallies):
        return sum(self._numbers()[2 * TALLIES.index(name)] for name in tallies or ("work", "timed"))

    def ended(self, *tallies):
        return sum(self._numbers()[2 * TALLIES.index(name) + 1] for name in tallies or ("work", "timed"))


class Services:
    """All processes of the fixture that one test has run, and what they have done together."""

    def __init__(self, test):
        self.test = test
        self.exe = gofixture.build("load")
        self.role = f"load{os.getpid()}"  # others run the same program
        self.truths = []
        self.numbers = itertools.count(1)

    def _arguments(self):
        truth = Truth(self.test.dir / f"truth{next(self.numbers)}")
        self.truths.append(truth)
        return truth, [self.exe, "-role", self.role, "-truth", truth.path]

    def start(self):
        truth, arguments = self._arguments()
        process = gofixture.Driven(self.test, *arguments)
        process.truth = truth
        return process

    def short(self, calls, lives=1):
        """The command line of a process that ends by itself, or becomes another, so many times."""
        return [*self._arguments()[1], "-calls", str(calls), "-lives", str(lives)]

    def begun(self, *tallies):
        return sum(truth.begun(*tallies) for truth in self.truths)

    def ended(self, *tallies):
        return sum(truth.ended(*tallies) for truth in self.truths)


class Watch:
    """Sees to it that no counter is ever lower, or gone, on a later page: over scrapes, exporters and configurations."""

    def __init__(self):
        self.highest = {}
        self.pages = 0
        self.problems = []

    def note(self, samples):
        self.pages += 1
        for name in METRICS.values():
            now = family(samples, name)
            for labels, before in self.highest.get(name, {}).items():
                if now.get(labels, -1) < before:
                    self.problems.append(f"{name}{dict(labels)} was {before:.0f} and is {now.get(labels)}")
            self.highest[name] = now
        return samples


class Scraper:
    """Scrapes without a pause while the block runs."""

    def __init__(self, watch, exporter):
        self.watch, self.exporter = watch, exporter
        self.going = True
        self.thread = threading.Thread(target=self._scrape, daemon=True)

    def _scrape(self):
        while self.going:
            try:
                self.watch.note(self.exporter.samples())
            except (OSError, ValueError, AssertionError) as error:
                self.watch.problems.append(repr(error))
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.going = False
        self.thread.join()
