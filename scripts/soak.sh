#!/usr/bin/env bash
# Runs the exporter for a while under everything at once: load, a service that restarts every second, reloads, upgrades, a
# scrape every second. At the end the numbers must be exact and what the exporter holds must not have grown.
#
#   scripts/soak.sh MINUTES [--write]     --write puts the result into docs/reliability.md
set -euo pipefail

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
scripts/build.sh release uprobe_exporter
exec env UPROBE_EXPORTER_BUILD=build/release tests/reliability/soak.py "$@"
