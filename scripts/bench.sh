#!/usr/bin/env bash
# Measures what the exporter costs, beside others in the same run, and prints medians with their spread.
#
#   scripts/bench.sh [NAME...] [--json FILE]     NAME: scrape, concurrent, start_stop; all without one
#
# Times of a busy machine are upper bounds; ratios are of one run.
set -euo pipefail

cd "$(dirname "$0")/.."
scripts/build.sh release uprobe_exporter
exec env UPROBE_EXPORTER_BUILD=build/release tests/bench/bench.py "$@"
