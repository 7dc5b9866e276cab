#!/usr/bin/env python3
"""A long time of everything at once: load, services that restart every second, reloads, a scrape every second.

    soak.py MINUTES [--write]    --write: into docs/reliability.md

At the end the numbers must be exact, and what the exporter holds flat: the median of the last third of the time is not more
than that of the first third by more than TOLERANCE says.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from exposition import losses, series
from fault_case import FaultCase
from load import counted
from reliability import PAGE, machine, replace_section
from support import required, run

RATE = 5000
SECOND = 1.0
RELOAD_EVERY = 10
UPGRADE_EVERY = 60

# Those that have as many entries as there are series, calls, objects and processes now.
FILLED_MAPS = ("series", "goroutines", "spilled", "objects", "unwound", "processes", "process_records", "process_services", "process_labels",
               "handover_marks")

# By how much the last third may be above the first: a share, and so much more.
TOLERANCE = {
    "resident memory, MiB": (0.10, 8),
    "descriptors": (0.05, 4),
    "links": (0, 0),
    "pinned folders": (0, 0),
    "pinned maps": (0, 0),
    "entries of maps": (0.05, 10),
}


def held_now(exporter, pins, samples):
    """What the exporter holds at this moment, by the names of TOLERANCE."""
    descriptors = list(pathlib.Path(f"/proc/{exporter.process.pid}/fdinfo").iterdir())
    pinned = list(pins.rglob("*"))
    return {
        "resident memory, MiB": samples[series("process_resident_memory_bytes")] / 2**20,
        "descriptors": len(descriptors),
        "links": links_of(descriptors),
        "pinned folders": sum(path.is_dir() for path in pinned),
        "pinned maps": sum(not path.is_dir() for path in pinned),
        "entries of maps": sum(entries_of(path) for path in pinned if path.name in FILLED_MAPS),
    }


def entries_of(pin):
    done = run(required("bpftool"), "--json", "map", "dump", "pinned", pin, check=False)
    return len(json.loads(done.stdout)) if done.returncode == 0 else 0  # else it is gone since


def links_of(descriptors):
    found = 0
    for path in descriptors:
        try:
            found += "link_id:" in path.read_text()
        except OSError:
            pass  # closed since
    return found


def is_flat(name, first, last):
    share, more = TOLERANCE[name]
    return last <= first * (1 + share) + more


class Churn(threading.Thread):
    """A service that is restarted every second."""

    CALLS = 500

    def __init__(self, services):
        super().__init__(daemon=True)
        self.services = services
        self.going = threading.Event()
        self.restarts = 0

    def run(self):
        while not self.going.wait(SECOND):
            run(*self.services.short(self.CALLS))
            self.restarts += 1

    def stop(self):
        self.going.set()
        self.join()


class Soak(FaultCase):
    minutes = 1.0

    def test_soak(self):
        exporter, service = self.begin()
        self.change_and_back(exporter)  # once before anything is measured: what the first time needs is no growth
        service.ask(f"load {RATE}", "loading")
        churn = Churn(self.services)
        churn.start()
        held, reloads, upgrades = [], 0, 0
        end = time.monotonic() + 60 * self.minutes
        for second in itertools.count(1):
            time.sleep(SECOND)  # as often as Prometheus might
            if second % UPGRADE_EVERY == 0:
                exporter, upgrades = self.upgrade(exporter), upgrades + 1
            elif second % RELOAD_EVERY == 0:
                self.change_and_back(exporter)
                reloads += 2
            held.append(held_now(exporter, self.pins, self.watch.note(exporter.samples())))
            if time.monotonic() >= end:
                break
        churn.stop()
        service.ask("stop", "stopped")
        exporter.wait_processes(load=1)
        samples = self.watch.note(exporter.samples())
        self.report(samples, held, f"{self.minutes:g} minutes, {churn.restarts} restarts of a service, {reloads} reloads of another "
                    f"configuration, {upgrades} upgrades, {self.watch.pages} scrapes")

    def change_and_back(self, exporter):
        """Two reloads, after which the same probes are there as before."""
        for more in (True, False):
            self.configure(more=more)
            self.assertEqual(exporter.request("/-/reload", "POST").status, 200)

    def upgrade(self, exporter):
        following = self.start_exporter()
        exporter.wait_log("detached: another exporter has taken over")
        exporter.stop()
        return following

    def report(self, samples, held, what):
        third = max(1, len(held) // 3)
        made, number = self.services.ended(), counted(samples)
        lines = [f"{what}: {made:,} calls made, {number:,} counted.", "",
                 "| held by the exporter | first third, median | last third, median | highest | |", "|---|---:|---:|---:|---|"]
        grown = []
        for name in TOLERANCE:
            numbers = [each[name] for each in held]
            first, last = statistics.median(numbers[:third]), statistics.median(numbers[-third:])
            if not is_flat(name, first, last):
                grown.append(name)
            lines.append(f"| {name} | {first:.0f} | {last:.0f} | {max(numbers):.0f} | {'grows' if name in grown else 'flat'} |")
        Soak.lines = lines
        print("\n".join(lines))
        self.assertEqual(number, made)
        self.assertEqual(losses(samples), {})
        self.check_watch()
        self.assertEqual(grown, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("minutes", type=float)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    Soak.minutes = options.minutes
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite([Soak("test_soak")]))
    if not result.wasSuccessful():
        sys.exit(1)
    if options.write:
        PAGE.write_text(replace_section(PAGE.read_text(), "soak", [machine(), "", *Soak.lines]))


if __name__ == "__main__":
    main()
