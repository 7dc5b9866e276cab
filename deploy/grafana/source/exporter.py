"""The exporter itself: what it watches, what it loses, what it costs."""

from panels import CHOSEN, RECORDED, bars, dashboard, query, rate, stat, steps, table, timeseries, total
from thresholds import BLIND, LOSSES

NONE = steps((None, "green"), (1, "red"))
SHARE = steps((None, "green"), (0.7, "yellow"), (0.9, "red"))
JOB = f'job="uprobe_exporter", {CHOSEN}'
# 0 where an exporter answers; without any, nobody knows.
NOTHING = f"0 * count(up{{{JOB}}} == 1)"

DASHBOARD = dashboard("uprobe-exporter-exporter", "Resonance / exporter",
                      "The exporter itself: what it watches, what it loses, what it costs.", [
    ("Now", [
        stat("Exporters that do not answer", "Nodes whose exporter cannot be scraped. Alert UprobeExporterDown.", "none",
             f"count by (environment) (max by (environment, instance) (up{{{JOB}}}) == 0) or 0 * count by (environment) (up{{{JOB}}})",
             "{{environment}}", NONE),
        stat("Version", "What is running.", "none",
             f"count by (version) (uprobe_exporter_build_info{{{CHOSEN}}})", "{{version}}", text="name"),
        stat("Attached probes", "Probes that are attached somewhere.", "none",
             f"count(max by (probe) (uprobe_exporter_probe_attached{{{CHOSEN}}}) == 1)", "attached"),
        stat("Missing probes", "Probes that are missing in a running service. Alert UprobeExporterProbeNotAttached.", "none",
             f"count(count by (probe) (uprobe_exporter_probe_skipped{{{CHOSEN}}} == 1)) or {NOTHING}", "missing", NONE),
        stat("Lost", "Largest share of a probe's observations that is lost. Alert UprobeExporterLosses: above 1 %.", "percentunit",
             f"max(environment_probe:losses:ratio_rate5m{{{RECORDED}}}) or {NOTHING}", "largest share", LOSSES),
        stat("Configuration", "Whether the last attempt to load probes.yaml succeeded. Alert UprobeExporterConfigRefused.", "none",
             f"min by (instance) (uprobe_exporter_config_last_reload_successful{{{CHOSEN}}})", "{{instance}}",
             steps((None, "red"), (1, "green")),
             mappings=[{"type": "value", "options": {"0": {"text": "refused", "index": 0}, "1": {"text": "loaded", "index": 1}}}]),
    ]),
    ("Probes", [
        timeseries("Hits by probe", "Breakpoints reached a second: entries and returns.", "ops",
                   query(rate("uprobe_exporter_probe_hits_total", ["probe"]), "{{probe}}"), width=12, height=12),
        bars("Breakpoints by probe", "Places where a probe is set, in all binaries.", "none",
             total("uprobe_exporter_probe_sites", ["probe"]), "{{probe}}", width=8, height=12),
        bars("Processes by service", "Running processes that are watched.", "none",
             total("uprobe_exporter_service_processes", ["service"]), "{{service}}", width=4, height=12),
        table("Missing probes and why", "A probe that could not be attached in a running service.", "none",
              f"count by (probe, reason) (uprobe_exporter_probe_skipped{{{CHOSEN}}} == 1)", {"probe": "Probe", "reason": "Reason"},
              "Exporters", widths=[("Probe", 240), ("Exporters", 120)], width=20, height=5),
        stat("Copied functions", "Probes whose function the compiler has copied into others. Alert UprobeExporterProbeInlined.", "none",
             f"count(max by (probe) (uprobe_exporter_probe_inlined_copies{{{CHOSEN}}}) > 0) or {NOTHING}", "copied", NONE),
    ]),
    ("Cost", [
        timeseries("Cost by service", "Share of a core that the probes cost each service's processes, estimated; docs/metrics.md says how.",
                   "percentunit", query(rate("uprobe_exporter_probe_cpu_seconds_total", ["service"]), "{{service}}"), width=8),
        timeseries("Cost by probe", "Share of a core that each probe costs, estimated. With a budget the dearest is detached first.", "percentunit",
                   query(rate("uprobe_exporter_probe_cpu_seconds_total", ["service", "probe"]), "{{service}}: {{probe}}"), width=8),
        timeseries("Cost to others", "Share of a core that probes cost processes that run a probed file and are not counted.", "percentunit",
                   query(rate("uprobe_exporter_probe_stranger_cpu_seconds_total", ["service"]), "{{service}}"), width=8),
    ]),
    ("Losses and limits", [
        timeseries("Losses by reason", "Observations a second that could not be counted as configured; docs/metrics.md explains the reasons.",
                   "ops", query(f"{rate('uprobe_exporter_losses_total', ['probe', 'reason'])} > 0", "{{probe}}: {{reason}}"), height=11),
        timeseries("Share of observations lost", "Of each probe, over 5 minutes. Alert UprobeExporterLosses: above 1 %.", "percentunit",
                   query(f"environment_probe:losses:ratio_rate5m{{{RECORDED}}}", "{{probe}}"),
                   thresholds=LOSSES, at_least=0.02, height=11),
        bars("Series and their limits", "Series of each metric, as a share of what it may have. Alert UprobeExporterSeriesOverflow.",
             "percentunit", f"max by (metric) (uprobe_exporter_metric_series{{{CHOSEN}}} / uprobe_exporter_metric_series_limit{{{CHOSEN}}})",
             "{{metric}}", SHARE, maximum=1, height=11),
        timeseries("Calls in flight", "Goroutines inside probed calls, as a share of what may be.", "percentunit",
                   query(f"uprobe_exporter_in_flight_entries{{{CHOSEN}}} / uprobe_exporter_in_flight_entries_limit{{{CHOSEN}}}",
                         "{{instance}}"), at_least=0.1, width=6),
        timeseries("Gauges without a baseline", "Gauges that began at 0 because their value before the exporter cannot be known.", "none",
                   query(f"count by (instance) (uprobe_exporter_unknown_baseline{{{CHOSEN}}}) or 0 * count by (instance) (up{{{JOB}}})",
                         "{{instance}}"), at_least=5, width=6),
        timeseries("Blind time", "Share of the time in which services ran without probes. Alert UprobeExporterBlind: above 10 %.", "percentunit",
                   query(rate("uprobe_exporter_blind_seconds_total", ["instance"]), "{{instance}}"),
                   thresholds=BLIND, at_least=0.1, width=6),
        timeseries("Counts given up", "Times that an exporter found counts of an earlier one that it could not go on with.", "none",
                   query(f"max by (instance) (uprobe_exporter_counters_reset_total{{{CHOSEN}}})", "{{instance}}"), at_least=5, width=6),
    ]),
    ("The exporter's process", [
        timeseries("CPU", "Of one core. Breakpoints cost the services, not the exporter.", "percentunit",
                   query(rate("process_cpu_seconds_total", ["instance"], 'job="uprobe_exporter"'), "{{instance}}"), width=6),
        timeseries("Memory", "Resident, without the kernel's maps.", "bytes",
                   query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"), width=6),
        timeseries("Open files", "Links and maps among them: it grows with processes and probes.", "none",
                   query(f"process_open_fds{{{JOB}}}", "{{instance}}"), width=6),
        timeseries("Time of a scrape", "As Prometheus sees it, by page.", "s",
                   query(f'max by (instance, job) (scrape_duration_seconds{{job=~"uprobe_exporter|resonance-.+", {CHOSEN}}})',
                         "{{instance}} {{job}}"), width=6),
    ]),
])
