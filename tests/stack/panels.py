"""Every panel of the shipped dashboards, asked of the running Prometheus."""

import dataclasses
import json

from support import SOURCE

DASHBOARDS = SOURCE / "deploy" / "grafana" / "dashboards"
# What Grafana puts in for the variables, with All chosen.
VARIABLES = {"environment": ".*", "service": ".*", "instance": ".*", "pod": ".*"}


@dataclasses.dataclass(frozen=True)
class Panel:
    dashboard: str
    id: int
    title: str
    over_time: dict    # of each target by its refId, as Prometheus' API answers a range query
    shown: dict        # what Grafana would show of it: for an instant query its single values, in the same shape

    @property
    def series(self):
        return sum(len(result) for result in self.over_time.values())

    def empty_targets(self):
        """Which of the panel's queries gave no number at any time."""
        def has_numbers(result):
            return any(value != "NaN" for series in result for _, value in series["values"])

        return [target for target, result in self.over_time.items() if not has_numbers(result)]


def fill_in(expression, rate_interval):
    filled = expression.replace("$__rate_interval", rate_interval)
    for name, value in VARIABLES.items():
        filled = filled.replace(f"${name}", value)
    assert "$" not in filled, f"a variable without a value: {filled}"
    return filled


def ask_now(prometheus, expression, moment):
    answer = prometheus.ask("query", query=expression, time=moment)["result"]
    return [{"metric": series["metric"], "values": [series["value"]]} for series in answer]


def ask_panels(prometheus, start, end, minute):
    """All panels with what they show between two moments (seconds since 1970)."""
    rate_interval = f"{5 * minute}s"
    panels = []
    for file in sorted(DASHBOARDS.glob("*.json")):
        if file.stem == "red":
            continue  # of presets, which these services do not use: tests/quickstart asks it
        for panel in json.loads(file.read_text())["panels"]:
            if panel["type"] == "row":
                continue
            over_time, shown = {}, {}
            for target in panel["targets"]:
                name, expression = target["refId"], fill_in(target["expr"], rate_interval)
                over_time[name] = prometheus.ask("query_range", query=expression, start=start, end=end, step=1)["result"]
                shown[name] = ask_now(prometheus, expression, end) if target["instant"] else over_time[name]
            panels.append(Panel(file.stem, panel["id"], panel["title"], over_time, shown))
    return panels


def save(panels, start, end, path):
    """What pictures/draw.mjs reads: {"results": {dashboard: {panel's id: {target's refId: result}}}, ...}."""
    results = {}
    for panel in panels:
        results.setdefault(panel.dashboard, {})[panel.id] = panel.shown
    path.write_text(json.dumps({"start": start, "end": end, "results": results}))
