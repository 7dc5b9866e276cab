#!/usr/bin/env bash
# The whole of tests/stack: each condition alone with Debian's Prometheus, the dashboards' pictures in build/pictures, then
# all conditions and panels once more with Prometheus 3. Arguments go to the first stack.py.
set -euo pipefail

cd "$(dirname "$0")/../.."
work=${UPROBE_EXPORTER_BUILD:-build/release}/e2e

tests/stack/stack.py "$@"
printf '\n== pictures\n'
tests/stack/pictures/draw.sh "$work/stack/panels.json" build/pictures
printf '\n== newer Prometheus and Alertmanager\n'
tests/stack/fetch_newest.sh "$work/newest"
"$work/newest/usr/bin/promtool" check config deploy/prometheus/prometheus-kubernetes.yml
"$work/newest/usr/bin/promtool" test rules tests/prometheus/rules/*.yml
tests/stack/stack.py --short --programs "$work/newest/usr/bin"
