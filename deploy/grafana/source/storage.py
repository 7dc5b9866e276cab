"""Queries of the database and lookups in the cache."""

from panels import bars, dashboard, quantile, query, rate, share, stat, steps, table, timeseries

def named(expression):
    """With a name for what has no table: gorm does not know those of SQL that it is given."""
    return f'label_replace({expression}, "table", "(raw SQL)", "table", "")'


# Lookups that failed are neither.
HITS = share("cache_requests_total", ["cache_type"], 'result="hit"', 'result=~"hit|miss"')
SPENT = named(rate("db_query_duration_ms_sum", ["table", "operation"]))
COUNTED = named(rate("db_query_duration_ms_count", ["table", "operation"]))
HIT_RATE = steps((None, "red"), (0.5, "yellow"), (0.8, "green"))

DASHBOARD = dashboard("uprobe-exporter-storage", "Resonance / database and cache",
                      "Queries of the database and lookups in the cache.", [
    ("Now", [
        stat("Queries", "Queries a second of logic and task.", "ops", rate("db_query_duration_ms_count", ["job"]), "{{job}}", width=6),
        stat("Slowest 1 % of queries", "99th percentile of the time of a query.", "ms",
             quantile(0.99, "db_query_duration_ms", ["job"]), "{{job}}", steps((None, "green"), (100, "yellow"), (500, "red")), width=6),
        stat("Waiting for the database", "Queries under way at once, on average: seconds spent in queries, per second.", "none",
             f"{rate('db_query_duration_ms_sum', ['job'])} / 1000", "{{job}}", width=6),
        stat("Cache hits", "Share of lookups that hit.", "percentunit", HITS, "{{cache_type}}", HIT_RATE, width=6),
    ]),
    ("Database", [
        timeseries("Queries by operation", "Queries a second.", "ops",
                   query(rate("db_query_duration_ms_count", ["operation"]), "{{operation}}"), stacked=True),
        timeseries("Queries by table", "Queries a second.", "ops",
                   query(named(rate("db_query_duration_ms_count", ["table"])), "{{table}}"), stacked=True),
        timeseries("Time in queries by table", "Queries under way at once, on average.", "none",
                   query(f"{named(rate('db_query_duration_ms_sum', ['table']))} / 1000", "{{table}}"), stacked=True),
        timeseries("Time of a query by operation", "50th and 99th percentile.", "ms",
                   query(quantile(0.5, "db_query_duration_ms", ["operation"]), "{{operation}} 50 %"),
                   query(quantile(0.99, "db_query_duration_ms", ["operation"]), "{{operation}} 99 %")),
        timeseries("Slowest 1 % by table", "99th percentile.", "ms",
                   query(named(quantile(0.99, "db_query_duration_ms", ["table"])), "{{table}}")),
        bars("Where the time goes", "Seconds spent in queries, per second: the dearest ten.", "none",
             f"topk(10, {SPENT} / 1000)", "{{operation}} {{table}}"),
        table("Mean time of a query", "Of the last minutes, the slowest first.", "ms",
              f"{SPENT} / ({COUNTED} > 0)", {"table": "Table", "operation": "Operation"}, "Mean time"),
    ]),
    ("Cache", [
        timeseries("Hit rate", "hits / (hits + misses), of all nodes together.", "percentunit", query(HITS, "{{cache_type}}"), maximum=1, width=12),
        timeseries("Lookups", "Lookups a second, by result.", "ops",
                   query(rate("cache_requests_total", ["cache_type", "result"]), "{{cache_type}} {{result}}"), stacked=True, width=12),
    ]),
])
