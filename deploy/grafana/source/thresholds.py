"""Colours of what has an alert: red begins where the alert does (deploy/prometheus/alerts.yml)."""

from panels import steps

ERROR_RATIO = steps((None, "green"), (0.01, "yellow"), (0.05, "red"))
LATENCY = steps((None, "green"), (500, "yellow"), (1000, "red"))
PRESET_ERROR_RATIO = steps((None, "green"), (0.01, "yellow"), (0.05, "red"))
PRESET_LATENCY = steps((None, "green"), (0.5, "yellow"), (1, "red"))
CONNECTIONS = steps((None, "red"), (10, "green"))
LAG = steps((None, "green"), (5000, "yellow"), (10000, "red"))
PROCESSES = steps((None, "red"), (1, "green"))
LOSSES = steps((None, "green"), (0.001, "yellow"), (0.01, "red"))
BLIND = steps((None, "green"), (0.01, "yellow"), (0.1, "red"))
