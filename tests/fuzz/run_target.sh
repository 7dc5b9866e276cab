#!/usr/bin/env bash
# run_target.sh TARGET SEEDS: fuzzes for UPROBE_EXPORTER_FUZZ_SECONDS (15). Inputs that reach new code are kept beside the
# target, for the next time; one that breaks it is named in the output.
set -euo pipefail

target=$1
mkdir -p "$target.corpus"
exec "$target" -max_total_time="${UPROBE_EXPORTER_FUZZ_SECONDS:-15}" -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
  -artifact_prefix="$target.broken-by-" "$target.corpus" "$2"
