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
from support import BUILD, required, run
from workplace import Workplace
from world import World


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minute", type=int, default=2, metavar="SECONDS", help="how long a minute of the rules is (2)")
    parser.add_argument("--programs", type=pathlib.Path, help="folder of the programs to use instead of Debian's")
    parser.add_argument("--short", action="store_true")
    return parser.parse_args()


class Times:
    """When what was seen of each alert."""

    def __init__(self):
        self.came, self.went = {}, {}

    def row(self, condition, alert):
        return f"{condition.name:50} {str(alert):42} {self.came[alert]:7.1f} {self.went[alert]:7.1f}"


def wait_each(world, alerts, present, what):
    """{alert: seconds until Alertmanager had it, or had it no more}"""
    start, seconds = time.monotonic(), {}

    def all_seen():
        for alert in alerts:
            if alert not in seconds and world.has_alert(alert) == present:
                seconds[alert] = time.monotonic() - start
        return len(seconds) == len(alerts)

    missing = lambda: ", ".join(str(alert) for alert in alerts if alert not in seconds)
    try:
        world.wait_for(all_seen, what)
    except AssertionError as error:
        raise AssertionError(f"{missing()}: {error}") from None
    return seconds


def expect_only(world, conditions):
    """No alert is there that these conditions do not explain."""
    expected = {alert.name for condition in conditions for alert in condition.alerts}
    expected |= {name for condition in conditions for name in condition.also}
    surplus = [labels for labels in world.alertmanager.alerts() if labels["alertname"] not in expected]
    assert not surplus, f"{[condition.name for condition in conditions]} also brought {surplus}"


def wait_told(world, alerts, state):
    """Until whoever has to be told was told of each of these alerts (labels)."""
    for labels in alerts:
        world.wait_for(lambda labels=labels: world.alertmanager.listener.told(labels) == state,
                       f"a notification that {labels['alertname']} is {state}")


def go_through(world, row, times):
    """Causes the conditions of a row, waits for their alerts, mends them, waits until the alerts are gone."""
    alerts = [alert for condition in row for alert in condition.alerts]
    began = {}
    for condition in row:
        began.update(dict.fromkeys(condition.alerts, time.monotonic()))
        condition.cause(world)
    caused = time.monotonic()
    for alert, seconds in wait_each(world, alerts, True, "Alertmanager's alert").items():
        times.came[alert] = caused + seconds - began[alert]
    expect_only(world, row)
    told = world.alertmanager.alerts(inhibited=False)
    wait_told(world, told, "firing")
    for condition in row:
        began.update(dict.fromkeys(condition.alerts, time.monotonic()))
        condition.mend(world)
    mended = time.monotonic()
    for alert, seconds in wait_each(world, alerts, False, "the end of Alertmanager's alert").items():
        times.went[alert] = mended + seconds - began[alert]
    world.wait_for(lambda: not world.alertmanager.alerts(), f"calm after: {', '.join(condition.name for condition in row)}")
    wait_told(world, told, "resolved")


def wait_calm(world):
    """Services are well, windows are full, and no alert is there."""
    enough = 12 * world.minute
    world.wait_for(lambda: world.prometheus.query(f"min(count_over_time(up[{enough}s])) >= {enough - 1}"),
                   "windows full of scrapes")
    alerts = world.alertmanager.alerts()
    assert not alerts, f"nothing is wrong, and yet: {alerts}"


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("stack: probes are attached: run it as root")
    if options.programs:
        os.environ["PATH"] = f"{options.programs.resolve()}:{os.environ['PATH']}"
    print(run(required("prometheus"), "--version").stdout.splitlines()[0])
    start, times = time.monotonic(), Times()
    with Workplace(BUILD / "e2e" / "stack") as workplace:
        world = World(workplace, options.minute)
        wait_calm(world)
        print(f"calm after {time.monotonic() - start:.0f} s: no alert\n\n"
              f"{'condition':50} {'alert':42} {'came, s':>7} {'went, s':>7}", flush=True)
        for row in TOGETHER if options.short else ONE_BY_ONE:
            go_through(world, row, times)
            for condition in row:
                for alert in condition.alerts:
                    print(times.row(condition, alert), flush=True)
        world.stop_services()
    print(f"\nstack: {len(times.came)} alerts came and went, all were told; {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
