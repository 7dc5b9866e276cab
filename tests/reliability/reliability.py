#!/usr/bin/env python3
"""Faults under load, and whether the exporter's numbers are those that the services keep themselves.

    reliability.py [--short] [NAME...]    all, or those whose name has NAME in it, at full size or a little of each
    reliability.py --write                all, into docs/reliability.md
"""

import argparse
import datetime
import os
import pathlib
import platform
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from fault_case import FULL, SHORT, FaultCase
from support import SOURCE, run

PAGE = SOURCE / "docs" / "reliability.md"
MODULES = ("exporter_faults", "target_faults", "loss_faults", "series_faults", "reload_faults", "file_faults")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and (options.names or options.short):
        parser.error("--write is for all faults at full size")
    return options


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def machine():
    """Where and when the numbers were seen."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    commit = run("git", "-C", SOURCE, "describe", "--always", "--dirty", "--abbrev=10").stdout.strip()
    return (f"{datetime.date.today()}, commit {commit}, Linux {platform.release()}, {os.cpu_count()} x "
            f"{model[1] if model else platform.machine()}")


def table():
    head = ["| fault | how it was provoked | calls made | calls counted | result |", "|---|---|---:|---:|---|"]
    return head + [f"| {row.fault} | {row.provoked} | {row.made} | {row.counted} | {row.result} |" for row in FaultCase.rows]


def replace_section(text, name, lines):
    """Puts lines between <!-- NAME --> and <!-- end of NAME -->."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    return re.sub(f"{begin}.*?{end}", lambda _: "\n".join([begin, *lines, end]), text, flags=re.DOTALL)


def main():
    options = arguments()
    FaultCase.size = SHORT if options.short else FULL
    loaded = unittest.defaultTestLoader.loadTestsFromNames(MODULES)
    chosen = [test for test in tests_of(loaded) if not options.names or any(name in test.id() for name in options.names)]
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(chosen))
    lines = [machine(), "", *table()]
    print("\n".join(lines))
    if not result.wasSuccessful() or not chosen:
        sys.exit(1)
    if options.write:
        PAGE.write_text(replace_section(PAGE.read_text(), "faults", lines))


if __name__ == "__main__":
    main()
