#!/usr/bin/python3
"""The shipped Prometheus configuration, rules and dashboards, with a real Prometheus and a real Alertmanager.

    stack.py [--minute SECONDS] [--programs FOLDER]    each condition alone: no other alert may come
    stack.py --short                                   those that go together at once

Services under traffic are scraped through the exporter. Each condition is caused until Alertmanager has its alerts, and mended
until it has them no more. --minute shortens the minutes of the rules' windows; --programs has other versions of prometheus,
promtool and prometheus-alertmanager.
"""

import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from conditions import ONE_BY_ONE, TOGETHER
from drive import check_every_alert_is_driven, go_through
from panels import ask_panels, save
from support import BUILD, required, run
from workplace import Workplace
from world import World


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minute", type=int, default=2, metavar="SECONDS", help="how long a minute of the rules is (2)")
    parser.add_argument("--programs", type=pathlib.Path, help="folder of the programs to use instead of Debian's")
    parser.add_argument("--short", action="store_true")
    return parser.parse_args()


def wait_calm(world):
    """Services are well, windows are full, and no alert is there."""
    enough = 12 * world.minute
    world.wait_for(lambda: world.prometheus.query(f"min(count_over_time(up[{enough}s])) >= {enough - 1}"),
                   "windows full of scrapes")
    alerts = world.alertmanager.alerts()
    assert not alerts, f"nothing is wrong, and yet: {alerts}"


def check_panels(world, began):
    """Every query of every dashboard has had numbers since the conditions began."""
    world.prometheus.wait_scraped_after(time.time())
    now = time.time()
    # In whole seconds before now: a step later the last one would be left out.
    start = now - int(now - began)
    panels = ask_panels(world.prometheus, start, now, world.minute)
    print(f"\n{'dashboard':12} {'panel':36} series")
    for panel in panels:
        print(f"{panel.dashboard:12} {panel.title:36} {panel.series:6}")
    save(panels, start, now, world.workplace.dir / "panels.json")
    empty = [f"{panel.dashboard}: {panel.title}: {targets}" for panel in panels if (targets := panel.empty_targets())]
    assert not empty, f"queries without numbers: {empty}"
    return len(panels)


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("stack: probes are attached: run it as root")
    if options.programs:
        os.environ["PATH"] = f"{options.programs.resolve()}:{os.environ['PATH']}"
    print(run(required("prometheus"), "--version").stdout.splitlines()[0])
    check_every_alert_is_driven()
    start, alerts = time.monotonic(), 0
    with Workplace(BUILD / "e2e" / "stack") as workplace:
        world = World(workplace, options.minute)
        wait_calm(world)
        print(f"calm after {time.monotonic() - start:.0f} s: no alert\n\n"
              f"{'condition':44} {'alert':42} {'came, s':>7} {'went, s':>7}", flush=True)
        began = time.time()
        for row in TOGETHER if options.short else ONE_BY_ONE:
            for condition, alert, came, went in go_through(world, row):
                print(f"{condition.name:44} {str(alert):42} {came:7.1f} {went:7.1f}", flush=True)
                alerts += 1
        panels = check_panels(world, began)
        world.stop_services()
    print(f"\nstack: {alerts} alerts came and went, all were told; {panels} panels have numbers; {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
