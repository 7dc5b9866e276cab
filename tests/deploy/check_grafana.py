#!/usr/bin/python3
"""The dashboards are what their source says, keep to the rules below, and ask only for metrics that exist."""
import json
import pathlib
import re
import subprocess
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
GRAFANA = TOP / "deploy" / "grafana"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# What Prometheus itself adds.
PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS"}
# Units of what an expression gives: the first pattern that is found in it decides.
RATES = {"ops", "reqps", "mps", "pps"}
UNITS = (
    (r"histogram_quantile\(.*_ms_bucket|_ms:p\d+_", {"ms"}),
    (r"histogram_quantile\(.*_seconds_bucket", {"s"}),
    (r"_ms_sum.* / 1000", {"none"}),            # seconds per second
    (r"_ms_sum.* / .*_ms_count", {"ms"}),
    (r":ratio_| / ", {"percentunit"}),
    (r"rate\(\w+_seconds_total", {"percentunit"}),
    (r"rate\(|:rate\d+m", RATES),
    (r"_bytes\b", {"bytes"}),
    (r"_seconds\b", {"s"}),
    (r"", {"none", "short"}),
)
# Labels of each series that is scraped.
TARGET_LABELS = {"environment", "instance", "node", "pod", "job"}
WORDS = {"by", "or", "and", "unless", "on", "without", "ignoring", "bool", "offset"}


def load(path):
    return yaml.safe_load(path.read_text())


def known_metrics():
    """What probes.yaml and presets configure, what docs/metrics.md lists, what is recorded."""
    names = set(PROMETHEUS)
    for file in (TOP / "probes.yaml", *(TOP / "presets").rglob("*.yaml")):
        for name, metric in load(file)["metrics"].items():
            names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if metric["type"] == "histogram" else {name}
    names |= set(re.findall(r"^\| `(\w+)` \|", (TOP / "docs" / "metrics.md").read_text(), re.MULTILINE))
    rules = load(TOP / "deploy" / "prometheus" / "recording_rules.yml")
    return names | {rule["record"] for group in rules["groups"] for rule in group["rules"]}


def histograms():
    return {name for name, metric in load(TOP / "probes.yaml")["metrics"].items() if metric["type"] == "histogram"}


def metrics_in(expression):
    """Names in PromQL that are no function, label or keyword."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(?:by|on|without|ignoring) \([^)]*\)', " ", expression)
    return {name for name in re.findall(r"\b[a-zA-Z_][\w:]*\b(?!\s*\()", bare)} - WORDS


def units_of(expression):
    return next(units for pattern, units in UNITS if re.search(pattern, expression))


def labels_of(expression):
    """Labels by which the series of an expression are told apart."""
    aggregated = re.search(r"\bby \(([^)]*)\)", expression)
    if aggregated:
        return set(aggregated[1].split(", "))
    recorded = re.search(r"\b([a-z_]+):\w+:", expression)
    return set(recorded[1].split("_")) if recorded else TARGET_LABELS


def panels_of(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def check_panel(panel, known, variables):
    for field in ("title", "description"):
        assert panel[field].strip(), field
    assert panel["fieldConfig"]["defaults"]["unit"], "unit"
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None
    assert panel["datasource"] == DATASOURCE and panel["targets"]
    for target in panel["targets"]:
        expression = target["expr"]
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert unit in units_of(expression), f"{unit} is not among {units_of(expression)} of {expression}"
        named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert named <= labels_of(expression), f"the legend's {named - labels_of(expression)} is no label of {expression}"
        assert target["instant"] == (panel["type"] != "timeseries"), "a range shows what is no more as if it were"
        assert target["datasource"] == DATASOURCE
        assert target["legendFormat"] or panel["type"] == "table", "legend"
        assert metrics_in(expression) <= known, f"no such metric: {metrics_in(expression) - known}"
        assert set(re.findall(r"\[(.*?)\]", expression)) <= {"$__rate_interval"}, expression
        assert 'environment=~"$environment"' in expression, expression
        # Series that were recorded have neither.
        if not any(":" in name for name in metrics_in(expression)):
            assert 'instance=~"$instance", pod=~"$pod"' in expression, expression
        assert set(re.findall(r"\$(\w+)", expression)) <= variables | {"__rate_interval"}, expression


def check_places(panels):
    """No panel lies on another or sticks out."""
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def check_other_queries(dashboard, known):
    """Those of variables and annotations."""
    queries = [annotation["expr"] for annotation in dashboard["annotations"]["list"]]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            queries.append(re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])[1])
    for expression in queries:
        assert metrics_in(expression) <= known, f"no such metric: {metrics_in(expression) - known}"


def check_links(dashboards):
    uids = {dashboard["uid"] for dashboard in dashboards}
    targets = {target for dashboard in dashboards for target in re.findall(r'"/d/([\w-]+)', json.dumps(dashboard))}
    assert targets and targets <= uids, f"links to no dashboard: {targets - uids}"


def check_runbook(alert, known):
    """Metrics that the page names exist; thresholds and time under "Meaning" are the alert's."""
    text = (TOP / "docs" / "runbooks" / f"{alert['alert']}.md").read_text()
    for span in re.findall(r"`([^`]+)`", text):
        named = set(re.findall(r"\b(?:uprobe_exporter_\w+|\w+_(?:total|bucket|count|sum|ms|lag))\b", span))
        assert named <= known, f"{alert['alert']}.md: no such metric: {named - known}"
    meaning = " ".join(text.partition("## Meaning")[2].partition("\n## ")[0].split())
    for threshold in map(float, re.findall(r"[<>] ([\d.]+)", alert["expr"])):
        forms = (f"{threshold:g} ", f"{threshold:g}.", f"{threshold:g},") if threshold >= 1 else (f"{threshold * 100:g} %",)
        assert not threshold or any(f" {form}" in f" {meaning} " for form in forms), f"{alert['alert']}.md: not {threshold:g}"
    minutes = int(alert["for"].removesuffix("m"))
    duration = "for a minute" if minutes == 1 else f"{minutes} minutes"
    assert duration in meaning or "minute" not in meaning, f"{alert['alert']}.md: not {duration}"


def check_dashboard(file, known):
    dashboard = json.loads(file.read_text())
    assert dashboard["id"] is None and dashboard["schemaVersion"] == 39
    assert dashboard["title"] and dashboard["description"] and dashboard["links"] and "uprobe_exporter" in dashboard["tags"]
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    by_service = "$service" in json.dumps(dashboard["panels"])
    assert variables == {"datasource", "environment", "instance", "pod"} | ({"service"} if by_service else set())
    check_other_queries(dashboard, known)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    check_places(dashboard["panels"])
    for panel in panels_of(dashboard):
        try:
            check_panel(panel, known, variables)
        except AssertionError as error:
            raise AssertionError(f"{file.name}: {panel['title']}: {error}") from None
    return dashboard


def red_begins(panel):
    """The value at which a panel turns red; where red is below, the value at which it ends."""
    found = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    reds = [number for number, step in enumerate(found) if step["color"] == "red"]
    return found[reds[0] or 1]["value"] if reds else None


def check_alert_is_shown(alert, panels):
    """Some panel says that it shows what the alert looks at, and turns red where the alert begins."""
    shown = [panel for panel in panels if alert["alert"] in panel["description"]]
    assert shown, f"no panel shows what {alert['alert']} looks at"
    threshold = re.search(r"[<>] ([\d.]+)", alert["expr"])
    if threshold and float(threshold[1]):
        values = {red_begins(panel) for panel in shown} - {None}
        assert values == {float(threshold[1])}, f"{alert['alert']} begins at {threshold[1]}, panels are red from {values}"


def alerts():
    """Of the services of probes.yaml, the exporter, and services with presets."""
    files = (TOP / "deploy" / "prometheus" / name for name in ("alerts.yml", "preset_rules.yml"))
    return [rule for file in files for group in load(file)["groups"] for rule in group["rules"] if "alert" in rule]


def main():
    subprocess.run([sys.executable, "-B", GRAFANA / "build_dashboards.py", "--check"], check=True)
    known = known_metrics()
    dashboards = [check_dashboard(file, known) for file in sorted((GRAFANA / "dashboards").glob("*.json"))]
    assert len({dashboard["uid"] for dashboard in dashboards}) == len(dashboards) == 5
    check_links(dashboards)
    panels = [panel for dashboard in dashboards for panel in panels_of(dashboard)]
    for alert in alerts():
        check_alert_is_shown(alert, panels)
        check_runbook(alert, known | histograms())
    interval = load(TOP / "deploy" / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    (source,) = load(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    assert source["jsonData"]["timeInterval"] == interval
    print(f"ok: {len(dashboards)} dashboards, {len(panels)} panels")


main()
