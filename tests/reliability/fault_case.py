"""What all faults share: services under load, exporters that follow one another, and a row of the table."""

import dataclasses
import itertools

from exporter import start_exporter
from exposition import losses, series
from load import Services, Watch, config, counted
from support import TestCase, kept_pins, wait_until

BLIND = series("uprobe_exporter_blind_seconds_total")

# Calls a second, at most.
RATE = 20000


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of a fault is enough."""
    calls: int          # at least, under each fault
    restarts: int
    exporter_kills: int
    takeover_kills: int
    target_kills: int
    reloads: int
    changes: int        # reloads of a configuration that is another each time
    upgrades: int
    pause: int          # seconds
    lives: int          # of processes that come and go
    overwrites: int     # of a file that is probed, for each way to probe it
    truncations: int    # of a file that is planned, and that is attached
    starts: int         # of a program that checks its own code
    page_reloads: int   # while pages of a service are asked for
    lost_successors: int


FULL = Size(calls=1_000_000, restarts=10, exporter_kills=50, takeover_kills=20, target_kills=20, reloads=100, changes=20, upgrades=5,
            pause=30, lives=9000, overwrites=200, truncations=200, starts=200, page_reloads=2000, lost_successors=20)
SHORT = Size(calls=30_000, restarts=2, exporter_kills=3, takeover_kills=1, target_kills=3, reloads=10, changes=4, upgrades=1, pause=1,
             lives=50, overwrites=2, truncations=2, starts=2, page_reloads=20, lost_successors=2)


@dataclasses.dataclass(frozen=True)
class Row:
    """One fault in docs/reliability.md."""
    fault: str
    provoked: str
    made: str
    counted: str
    result: str


class FaultCase(TestCase):
    size = SHORT
    rows = []

    def setUp(self):
        super().setUp()
        self.pins = kept_pins(self)
        self.services = Services(self)
        self.watch = Watch()
        self.exporters = itertools.count(1)
        self.configure()

    def configure(self, **options):
        # Replaced at once, as editors and Kubernetes do.
        fresh = self.write("probes.new", config(self.services.exe, self.services.role, **options))
        self.config = self.dir / "probes.yaml"
        fresh.rename(self.config)

    def start_exporter(self, *arguments, ready=True):
        return start_exporter(self, self.config, "--bpf.pin-path", self.pins, "--web.enable-lifecycle", *arguments,
                              name=f"exporter{next(self.exporters)}", ready=ready)

    def begin(self, *arguments):
        """An exporter and a service whose probes are attached."""
        service = self.services.start()
        exporter = self.start_exporter(*arguments)
        exporter.wait_attached("load")
        return exporter, service

    def wait_calls(self, calls):
        """Until the services have begun so many calls since now."""
        goal = self.services.begun() + calls
        wait_until(lambda: self.services.begun() >= goal, f"{calls} calls")

    def fill_up(self):
        """The load goes on until there were as many calls as a fault needs."""
        wait_until(lambda: self.services.begun() >= self.size.calls, f"{self.size.calls} calls",
                   patience=60 + 20 * self.size.calls / RATE)

    def check_watch(self):
        self.assertEqual(self.watch.problems, [])

    def check_exact(self, exporter, *tallies):
        """Every call was counted, and none was lost."""
        samples = self.watch.note(exporter.samples())
        self.assertEqual(counted(samples, *tallies), self.services.ended(*tallies))
        self.assertEqual(losses(samples), {})
        self.check_watch()
        return samples

    @staticmethod
    def row(fault, provoked, made, number, result):
        FaultCase.rows.append(Row(fault, provoked, made if isinstance(made, str) else f"{made:,}",
                                  number if isinstance(number, str) else f"{number:,}", result))

    def exact_row(self, fault, provoked, samples, note=""):
        self.row(fault, provoked, self.services.ended(), counted(samples), "equal" + note)
