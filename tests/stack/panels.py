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
    results: dict    # of each target by its refId, as Prometheus' API gives them

    @property
    def series(self):
        return sum(len(result) for result in self.results.values())

    def empty_targets(self):
        """Which of the panel's queries gave no number at any time."""
        def has_numbers(result):
            return any(value != "NaN" for series in result for _, value in series["values"])

        return [target for target, result in self.results.items() if not has_numbers(result)]


def fill_in(expression, rate_interval):
    filled = expression.replace("$__rate_interval", rate_interval)
    for name, value in VARIABLES.items():
        filled = filled.replace(f"${name}", value)
    assert "$" not in filled, f"a variable without a value: {filled}"
    return filled


def ask_panels(prometheus, start, end, minute):
    """All panels with what they show between two moments (seconds since 1970)."""
    rate_interval = f"{5 * minute}s"
    panels = []
    for file in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            if panel["type"] == "row":
                continue
            results = {
                target["refId"]: prometheus.ask("query_range", query=fill_in(target["expr"], rate_interval), start=start, end=end,
                                                step=1)["result"]
                for target in panel["targets"]}
            panels.append(Panel(file.stem, panel["id"], panel["title"], results))
    return panels


def save(panels, start, end, path):
    """What pictures/draw.mjs reads: {"results": {dashboard: {panel's id: {target's refId: result}}}, ...}."""
    results = {}
    for panel in panels:
        results.setdefault(panel.dashboard, {})[panel.id] = panel.results
    path.write_text(json.dumps({"start": start, "end": end, "results": results}))
