#!/usr/bin/env python3
"""Go versions x ways to build x shapes of Go code: whether the exporter's numbers are those of the program.

    matrix.py [--calls N] [--rows N] [--versions 1.26.8,...] [--builds stripped,...]    all of it, or a part
    matrix.py --subset [--calls N]                                                      a few rows, soon

A cell is `exact` where every number of the case is right and the same program, probed at first instructions (`late`: by one
that does not look at calls that run already), comes out wrong: by how much is in the line `control`. It is `VOID` where
that control comes out right: then the case shows nothing.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
import builds
import cases
from cell import measure


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=100000, help="of each function, about")
    parser.add_argument("--rows", type=int, default=(os.cpu_count() or 1) + 1, help="at once")
    parser.add_argument("--versions", default=",".join(builds.VERSIONS))
    parser.add_argument("--builds", default=",".join(builds.BUILDS))
    parser.add_argument("--subset", action="store_true", help="the rows that .ci/run looks at")
    return parser.parse_args()


def rows_of(options):
    if options.subset:
        return builds.SUBSET
    return [(version, way) for version in options.versions.split(",") for way in options.builds.split(",")]


def timed_row(version, way, calls):
    began = time.monotonic()
    row = measure(version, way, calls, builds.FOLDER / "runs" / f"{version}-{way}")
    return row, time.monotonic() - began


def verdict(row, case):
    if case.name not in row.differences:
        return "-"
    if row.differences[case.name]:
        return "WRONG"
    return "exact" if row.excess[case.name] else "VOID"


def print_header(width):
    print(f"{'go':8} {'build':12} " + " ".join(f"{case.name:>{width}}" for case in cases.CASES) + "  seconds", flush=True)


def print_row(version, way, row, width, seconds):
    cells = [verdict(row, case) for case in cases.CASES]
    print(f"{version:8} {way:12} " + " ".join(f"{cell:>{width}}" for cell in cells) + f"  {seconds:.0f}")
    excess = [row.excess.get(case.name, "-") for case in cases.CASES]
    print(f"{'':8} {'  control':12} " + " ".join(f"{f'+{count}' if count != '-' else count:>{width}}" for count in excess))
    for case in cases.CASES:
        for text in row.differences.get(case.name, []):
            print(f"    {text}")
    sys.stdout.flush()
    return all(cell in ("exact", "-") for cell in cells)


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("matrix: probes are attached: run it as root")
    width = max(len(case.name) for case in cases.CASES)
    start, wrong = time.monotonic(), 0
    print_header(width)
    # Rows are apart: every one has a binary of its own. While one waits for the kernel to take its probes out, others run.
    with concurrent.futures.ProcessPoolExecutor(options.rows) as pool:
        rows = {pool.submit(timed_row, version, way, options.calls): (version, way) for version, way in rows_of(options)}
        for done in concurrent.futures.as_completed(rows):
            version, way = rows[done]
            try:
                row, seconds = done.result()
            except AssertionError as error:
                print(f"{version:8} {way:12} FAILED: {error}", flush=True)
                wrong += 1
                continue
            if not print_row(version, way, row, width, seconds):
                wrong += 1
    print("- : the program is built without cgo: it has no C code that could call back")
    print(f"{wrong} rows are not exact; {time.monotonic() - start:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
