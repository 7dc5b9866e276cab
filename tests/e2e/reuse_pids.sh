#!/usr/bin/env bash
# Runs inside new pid and mount namespaces: an exporter, and processes of two services by turns that all have the same pid.
# Ends with the metrics on standard output.
#
#   reuse_pids.sh EXPORTER CONFIG SERVICE TIMES CALLS
set -euo pipefail

exporter=$1 config=$2 service=$3 times=$4 calls=$5
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$exporter" run --config "$config" --web.listen-address 127.0.0.1:0 --bpf.pin-path "" >"$log" 2>&1 &
exporter_pid=$!
until grep -q msg=ready "$log"; do
  kill -0 "$exporter_pid" || { cat "$log" >&2; exit 1; }
  read -rt 0.05 <> <(:) || true
done
address=127.0.0.1:$(sed -n 's/.*msg=listening.* port=\([0-9]*\).*/\1/p' "$log")

# One of each service waits for orders that never come, so that both are attached.
for role in alpha beta; do
  "$service" -role "$role" -serve < <(exec sleep infinity) >/dev/null &
  until grep -q "msg=attached.* service=$role " "$log"; do read -rt 0.05 <> <(:) || true; done
done
for ((i = 0; i < times; i++)); do
  [ $((i % 2)) = 0 ] && role=alpha || role=beta
  echo 5000 >/proc/sys/kernel/ns_last_pid
  "$service" -role "$role" -calls "$calls" &
  pid=$!
  [ "$pid" = 5001 ] || { echo "pid $pid instead of 5001" >&2; exit 1; }
  wait "$pid"
done
curl -sf "http://$address/metrics"
