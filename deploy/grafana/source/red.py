"""Rate, errors and duration of what presets measure, of any service (presets/README.md)."""

from panels import dashboard, quantile, query, rate, timeseries, total
from thresholds import PRESET_ERROR_RATIO, PRESET_LATENCY

SERVICE = 'service=~"$service"'


def count(metric, labels, more=SERVICE):
    return rate(f"{metric}_count", labels, more)


def failing_share(metric, labels, failed):
    """Share of calls that a matcher chooses, 0 where there are none."""
    whole = count(metric, labels)
    return f"({count(metric, labels, f'{failed}, {SERVICE}')} or 0 * {whole}) / ({whole} > 0)"


def row(title, metric, failed, by, legend, has_alert=True):
    """Calls, failures and times of one kind of call, told apart by the labels `by` beside the service."""
    labels = ["service", *by]
    shown = f"{{{{service}}}} {legend}"
    return (title, [
        timeseries("Calls", f"Calls a second: {metric}.", "ops", query(count(metric, labels), shown)),
        timeseries("Failing", "Share of a service's calls that fail." + (" Alert ServiceCallsFailing: above 5 %." if has_alert else ""), "percentunit",
                   query(failing_share(metric, ["service"], failed), "{{service}}"), thresholds=PRESET_ERROR_RATIO if has_alert else None, at_least=0.1),
        timeseries("Time", "50th and 99th percentile of a service's calls, read from buckets." + (" Alert ServiceCallsSlow: above 1 s." if has_alert else ""), "s",
                   query(quantile(0.5, metric, ["service"], SERVICE), "{{service}} 50 %"),
                   query(quantile(0.99, metric, ["service"], SERVICE), "{{service}} 99 %"), thresholds=PRESET_LATENCY if has_alert else None),
        timeseries("Failures", "Failing calls a second.", "ops",
                   query(f"{count(metric, labels, f'{failed}, {SERVICE}')} > 0", shown), width=12),
        timeseries("Slowest 1 %", "99th percentile.", "s", query(quantile(0.99, metric, labels, SERVICE), shown), width=12),
    ])


HTTP_FAILED = 'http_response_status_code=~"5.."'
# What a client sees fails also where no response comes, and where it has asked for what is not there.
HTTP_CLIENT_FAILED = 'http_response_status_code!~"1..|2..|3.."'
RPC_FAILED = 'rpc_response_status_code=~"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"'
RPC_CLIENT_FAILED = 'rpc_response_status_code!="OK"'
SQL_FAILED = 'error_type!=""'

DASHBOARD = dashboard("uprobe-exporter-red", "RED / services with presets", "Rate, errors and duration of HTTP, gRPC and SQL calls.", [
    row("HTTP server", "http_server_request_duration_seconds", HTTP_FAILED, ["http_request_method", "http_route"],
        "{{http_request_method}} {{http_route}}"),
    ("HTTP server: in flight", [
        timeseries("Requests in flight", "HTTP requests that are served now.", "none",
                   query(total("http_server_active_requests", ["service"], SERVICE), "{{service}}"), stacked=True),
    ]),
    row("gRPC server", "rpc_server_call_duration_seconds", RPC_FAILED, ["rpc_method"], "{{rpc_method}}"),
    row("SQL", "db_client_operation_duration_seconds", SQL_FAILED, ["db_operation_name", "db_collection_name"],
        "{{db_operation_name}} {{db_collection_name}}"),
    row("HTTP client", "http_client_request_duration_seconds", HTTP_CLIENT_FAILED, ["server_address"], "{{server_address}}", has_alert=False),
    row("gRPC client", "rpc_client_call_duration_seconds", RPC_CLIENT_FAILED, ["rpc_method"], "{{rpc_method}}", has_alert=False),
])
