"""Panels, rows, variables and dashboards in Grafana's JSON (schema 39: Grafana 10.4 and newer)."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24

# Matchers of what the variables choose. What is recorded has lost instance and pod.
RECORDED = 'environment=~"$environment"'
CHOSEN = RECORDED + ', instance=~"$instance", pod=~"$pod"'


def query(expression, legend, instant=False):
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expression, "legendFormat": legend,
            "instant": instant, "range": not instant}


def steps(*values):
    """Threshold steps from (value, colour); the first colour holds below the next value."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in values]}


GREEN = steps((None, "green"))


def _link(kind, title, icon, tags=(), url="", dropdown=False, variables=False):
    return {"type": kind, "title": title, "icon": icon, "tags": list(tags), "url": url, "asDropdown": dropdown, "tooltip": "",
            "includeVars": variables, "keepTime": True, "targetBlank": False}


def link(title, dashboard):
    """A panel's link to another of these dashboards."""
    return _link("link", title, "dashboard", url=f"/d/{dashboard}?${{__url_time_range}}&${{environment:queryparam}}")


def _panel(kind, title, description, unit, queries, thresholds, defaults, options, width, height, links):
    targets = [{**target, "refId": chr(ord("A") + number)} for number, target in enumerate(queries)]
    return {
        "type": kind, "title": title, "description": description, "datasource": DATASOURCE, "targets": targets,
        "links": list(links), "gridPos": {"w": width, "h": height, "x": 0, "y": 0},
        "fieldConfig": {"defaults": {"unit": unit, "thresholds": thresholds, **defaults}, "overrides": []},
        "options": options,
    }


def timeseries(title, description, unit, *queries, thresholds=None, stacked=False, maximum=None, at_least=None, width=8, height=8):
    """Lines over time; with `thresholds`, a dashed line at each step. The axis goes from 0 to `at_least` or further."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 25 if stacked else 8, "showPoints": "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if thresholds else "off"}}
    if at_least is not None:
        custom["axisSoftMax"] = at_least
    defaults = {"color": {"mode": "palette-classic"}, "custom": custom, "min": 0}
    if maximum is not None:
        defaults["max"] = maximum
    # A table needs room beside the lines.
    legend = ({"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]} if width > 8 else
              {"displayMode": "list", "placement": "bottom", "calcs": []})
    options = {"legend": {**legend, "showLegend": True}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel("timeseries", title, description, unit, queries, thresholds or GREEN, defaults, options, width, height, ())


def stat(title, description, unit, expression, legend, thresholds=GREEN, text="auto", mappings=(), width=4, height=5, links=()):
    """The value of each series now, coloured by thresholds.

    Asked as of now: of a range, Grafana would show the last value of a series that has ended as if it were alive.
    """
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value",
               "graphMode": "none", "justifyMode": "auto", "orientation": "horizontal", "textMode": text,
               "text": {"titleSize": 16, "valueSize": 24}, "wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard"}
    defaults = {"color": {"mode": "thresholds"}, "mappings": list(mappings)}
    return _panel("stat", title, description, unit, [query(expression, legend, instant=True)], thresholds, defaults, options, width, height, links)


def bars(title, description, unit, expression, legend, thresholds=GREEN, maximum=None, width=8, height=8):
    """A bar for the last value of each series."""
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "displayMode": "basic",
               "orientation": "horizontal", "valueMode": "color", "showUnfilled": True, "namePlacement": "auto", "sizing": "auto",
               "text": {"titleSize": 11, "valueSize": 13}, "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 40,
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []}}
    defaults = {"color": {"mode": "thresholds"}, "min": 0}
    if maximum is not None:
        defaults["max"] = maximum
    return _panel("bargauge", title, description, unit, [query(expression, legend, instant=True)], thresholds, defaults, options,
                  width, height, ())


def table(title, description, unit, expression, labels, value, widths=(), width=24, height=8):
    """The series of an instant query as rows: their labels, {label: heading}, and the value, the largest first.

    widths: (heading, pixels)
    """
    panel = _panel("table", title, description, unit, [{**query(expression, "", instant=True), "format": "table"}], GREEN,
                   {"custom": {"align": "auto", "filterable": True}}, {"showHeader": True, "cellHeight": "sm", "frameIndex": 0,
                    "sortBy": [{"displayName": value, "desc": True}]}, width, height, ())
    panel["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": heading}, "properties": [{"id": "custom.width", "value": pixels}]}
        for heading, pixels in widths]
    headings = {**labels, "Value": value}
    panel["transformations"] = [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(headings)}}},
        {"id": "organize", "options": {"excludeByName": {}, "includeByName": {}, "renameByName": headings,
                                       "indexByName": {name: number for number, name in enumerate(headings)}}},
    ]
    return panel


def once(expression):
    """Of what the old and the new exporter of a node show during a roll-out, one."""
    return f"max without (pod) ({expression})"


def quantile(fraction, metric, labels, more=""):
    """PromQL for a quantile of a histogram, told apart by `labels`."""
    matchers = CHOSEN + (f", {more}" if more else "")
    by = ", ".join((*labels, "le"))
    # Without observations the quantile is NaN, which is not to be drawn.
    rates = once(f"rate({metric}_bucket{{{matchers}}}[$__rate_interval])")
    return f"histogram_quantile({fraction}, sum by ({by}) ({rates})) >= 0"


def rate(metric, labels, more=""):
    """PromQL for the sum of a counter's rates, told apart by `labels`."""
    matchers = CHOSEN + (f", {more}" if more else "")
    return f"sum by ({', '.join(labels)}) ({once(f'rate({metric}{{{matchers}}}[$__rate_interval])')})"


def total(metric, labels, more=""):
    """PromQL for the sum of a gauge, told apart by `labels`."""
    matchers = CHOSEN + (f", {more}" if more else "")
    return f"sum by ({', '.join(labels)}) ({once(f'{metric}{{{matchers}}}')})"


def share(metric, labels, part, more=""):
    """PromQL for the share that a matcher chooses of a counter, 0 where there is no such series."""
    whole = rate(metric, labels, more)
    chosen = rate(metric, labels, part + (f", {more}" if more else ""))
    return f"({chosen} or 0 * {whole}) / ({whole} > 0)"


def failing(metric, labels, more=""):
    """PromQL for the share of a counter with status "error"."""
    return share(metric, labels, 'status="error"', more)


def _variable(name, label, definition):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE,
            "query": {"query": definition, "refId": f"variable-{name}"}, "refresh": 2, "sort": 1, "multi": False, "includeAll": False}


def _choice(name, label, definition):
    """A variable that has all values or some."""
    return {**_variable(name, label, definition), "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]}}


VARIABLES = [
    {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
     "multi": False, "includeAll": False},
    _variable("environment", "Environment", 'label_values(up{job="uprobe_exporter"}, environment)'),
    _choice("service", "Service", 'label_values(uprobe_exporter_service_processes{environment=~"$environment"}, service)'),
    _choice("instance", "Exporter", 'label_values(up{job="uprobe_exporter", environment=~"$environment"}, instance)'),
    _choice("pod", "Exporter's pod",
            'label_values(up{job="uprobe_exporter", environment=~"$environment", instance=~"$instance"}, pod)'),
]


def place(rows):
    """The panels of rows, (title, panels), each panel with an id, from left to right below the row's title."""
    placed, top = [], 0
    for title, panels in rows:
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"w": COLUMNS, "h": 1, "x": 0, "y": top}})
        top += 1
        left = height = 0
        for panel in panels:
            size = panel["gridPos"]
            if left + size["w"] > COLUMNS:
                left, top, height = 0, top + height, 0
            placed.append({**panel, "gridPos": {**size, "x": left, "y": top}})
            left, height = left + size["w"], max(height, size["h"])
        top += height
    return [{"id": number, **panel} for number, panel in enumerate(placed, 1)]


def dashboard(uid, title, description, rows):
    panels = place(rows)
    by_service = any("$service" in target["expr"] for panel in panels for target in panel.get("targets", ()))
    return {
        "id": None, "uid": uid, "title": title, "description": description, "tags": ["uprobe_exporter"], "schemaVersion": 39,
        "editable": True, "graphTooltip": 1, "refresh": "30s", "time": {"from": "now-1h", "to": "now"}, "timezone": "browser",
        "links": [_link("dashboards", "Resonance", "external link", tags=["uprobe_exporter"], dropdown=True, variables=True)],
        "templating": {"list": [variable for variable in VARIABLES if variable["name"] != "service" or by_service]},
        "annotations": {"list": [{
            "name": "Alerts", "datasource": DATASOURCE, "enable": True, "iconColor": "red",
            "expr": f'ALERTS{{alertstate="firing", {RECORDED}}}', "titleFormat": "{{alertname}}",
            "textFormat": "{{service}} {{topic}} {{probe}}"}]},
        "panels": panels,
    }
