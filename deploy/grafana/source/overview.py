"""Traffic, errors, latency and saturation of each service."""

from panels import CHOSEN, RECORDED, bars, dashboard, failing, link, quantile, query, rate, stat, timeseries, total
from thresholds import CONNECTIONS, ERROR_RATIO, LAG, LATENCY, PROCESSES

SERVICE = 'service=~"$service"'
FAILED = 'status="error", ' + SERVICE
MESSAGES = link("Messages and queue", "uprobe-exporter-messages")

DASHBOARD = dashboard("uprobe-exporter-overview", "Resonance / overview", "Traffic, errors, latency and saturation of each service.", [
    ("Now", [
        stat("Requests", "Requests a second over 5 minutes.", "reqps",
             f"environment_service:requests:rate5m{{{RECORDED}, {SERVICE}}}", "{{service}}"),
        stat("Failing", "Share of failing requests over 5 minutes. Alert ResonanceHighErrorRate: above 5 %.", "percentunit",
             f"environment_service:request_errors:ratio_5m{{{RECORDED}, {SERVICE}}}", "{{service}}", ERROR_RATIO),
        stat("Slowest 1 %", "99th percentile of the time to answer over 5 minutes. Alert ResonanceHighLatency: above 1000 ms.", "ms",
             f"environment_service:request_duration_ms:p99_5m{{{RECORDED}, {SERVICE}}}", "{{service}}", LATENCY),
        stat("Processes", "Running processes on all nodes. Alert ResonanceServiceGone: none.", "none",
             f"environment_service:processes:sum{{{RECORDED}, {SERVICE}}}", "{{service}}", PROCESSES),
        stat("Connections", "Open WebSockets of all gateways. Alert ResonanceConnectionsLow in production: below 10.", "none",
             f"environment:connection_count:sum{{{RECORDED}}}", "{{environment}}", CONNECTIONS, links=[MESSAGES]),
        stat("Waiting messages", "Messages received from the queue and not handled. Alert ResonanceMQBacklog: above 10000.", "short",
             f"environment_topic:mq_lag:sum{{{RECORDED}}}", "{{topic}}", LAG, links=[MESSAGES]),
    ]),
    ("Traffic", [
        timeseries("Requests by service", "Handled requests a second.", "reqps",
                   query(rate("request_total", ["service"], SERVICE), "{{service}}"), stacked=True),
        timeseries("Requests by method", "Handled requests a second, of each service's methods.", "reqps",
                   query(rate("request_total", ["service", "method"], SERVICE), "{{service}} {{method}}"), width=16),
    ]),
    ("Errors", [
        timeseries("Failing requests", "Share of a service's requests that fail.", "percentunit",
                   query(failing("request_total", ["service"], SERVICE), "{{service}}"), thresholds=ERROR_RATIO, at_least=0.1),
        timeseries("Failing methods", "Failing requests a second, of methods with failures.", "reqps",
                   query(f"{rate('request_total', ['service', 'method'], FAILED)} > 0", "{{service}} {{method}}"), width=16),
    ]),
    ("Latency", [
        timeseries("Time to answer", "50th and 99th percentile of each service's requests, read from buckets.", "ms",
                   query(quantile(0.5, "request_duration_ms", ["service"], SERVICE), "{{service}} 50 %"),
                   query(quantile(0.99, "request_duration_ms", ["service"], SERVICE), "{{service}} 99 %"), thresholds=LATENCY),
        timeseries("Slowest 1 % by method", "99th percentile of each method.", "ms",
                   query(quantile(0.99, "request_duration_ms", ["service", "method"], SERVICE), "{{service}} {{method}}"), width=16),
    ]),
    ("From gateway to logic", [
        timeseries("Calls to logic", "Calls of the gateways to logic a second.", "reqps",
                   query(rate("client_request_total", ["method"]), "{{method}}")),
        timeseries("Failing calls to logic", "Share of each method's calls that fail.", "percentunit",
                   query(failing("client_request_total", ["method"]), "{{method}}"), at_least=0.1),
        timeseries("Slowest 1 % of calls to logic", "99th percentile as the gateways see it, the network included.", "ms",
                   query(quantile(0.99, "client_request_duration_ms", ["method"]), "{{method}}")),
    ]),
    ("Saturation", [
        timeseries("Connections by gateway", "Open WebSockets.", "none",
                   query(total("connection_count", ["gateway_id"]), "{{gateway_id}}"), stacked=True, width=6),
        timeseries("Waiting messages", "Received from the queue and not handled.", "short",
                   query(total("mq_lag", ["topic"]), "{{topic}}"), thresholds=LAG, at_least=100, width=6),
        timeseries("Calls in flight", "Goroutines inside probed calls, of all services on a node.", "none",
                   query(f"uprobe_exporter_in_flight_entries{{{CHOSEN}}}", "{{instance}}"), width=6),
        bars("Processes by node", "Running processes of each service.", "none",
             total("uprobe_exporter_service_processes", ["node", "service"], SERVICE), "{{service}} {{node}}", width=6),
    ]),
])
