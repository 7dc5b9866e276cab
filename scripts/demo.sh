#!/usr/bin/env bash
# The main job, once: three stripped Go services under load, the exporter beside them, and every metric compared with
# what really happened. Ends with code 0 only if all numbers are equal.
#
#   scripts/demo.sh [--late] [--json FILE] [--keep]
#     --late       start the exporter last: 60 connections are open and the services are under load when it attaches.
#                  Gauges are compared from then on; counters and histograms from a checkpoint soon after, because
#                  nobody knows which calls ran before the attach. cache_hit_rate is left out: its window has such calls
#     --json FILE  write the rows of the table to FILE as JSON
#     --keep       afterwards leave services, load and exporter running until Ctrl-C
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
work=$top/build/demo
json=""
late=""
keep=""
pids=()
since=()

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

parse_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --json) json=$(realpath -m "${2:?--json needs a file}"); shift ;;
      --keep) keep=1 ;;
      --late) late=1 ;;
      -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit ;;
      *) fail "unknown argument $1 (known: --late, --json FILE, --keep, --help)" ;;
    esac
    shift
  done
}

stop_all() {
  local pid
  # The last started first: the load, the exporter, the services.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    pid=${pids[i]}
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# wait_for WHAT PID COMMAND...: until COMMAND succeeds; fails when process PID ends first or after two minutes.
wait_for() {
  local what=$1 pid=$2 deadline=$((SECONDS + 120))
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || fail "$what: its process ended; the logs are in $work"
    [ $SECONDS -lt $deadline ] || fail "$what: not within two minutes; the logs are in $work"
    read -rt 0.05 <> <(:) || true
  done
}

start_services() {
  "$work/bin/stage" -mode embedded -gateways 2 -dir "$work/services" -out "$work/stage.json" >"$work/stage.log" 2>&1 &
  services_pid=$!
  pids+=("$services_pid")
  wait_for "starting the services" "$services_pid" test -s "$work/stage.json"
}

start_exporter() {
  say "starting the exporter on probes.yaml, for the binary of this demo: others may run the same services"
  sed "s|exe: \"\*/resonance\"|exe: \"$work/bin/resonance\"|" "$top/probes.yaml" >"$work/probes.yaml"
  "$top/build/release/uprobe_exporter" run --config "$work/probes.yaml" --bpf.pin-path "" --web.listen-address 127.0.0.1:0 \
    >"$work/exporter.log" 2>&1 &
  exporter_pid=$!
  pids+=("$exporter_pid")
  wait_for "starting the exporter" "$exporter_pid" grep -q 'msg=listening' "$work/exporter.log"
  exporter=http://127.0.0.1:$(sed -n 's/.*msg=listening.* port=\([0-9]*\).*/\1/p' "$work/exporter.log")
  wait_for "attaching the probes" "$exporter_pid" curl -sf "$exporter/-/ready"
  grep -E 'msg=(attached|"probe|"binary|"calls)' "$work/exporter.log" || true
}

# The exporter comes when the services have been busy for a while.
start_exporter_under_load() {
  wait_for "load with all connections open" "$load_pid" grep '^busy' "$work/load.log"
  grep '^busy' "$work/load.log"
  start_exporter
  touch "$work/go-busy"
  since=(-since "$work/metrics-attached.txt" -except cache_hit_rate)
  compare_at attached
}

start_load() {
  say "load"
  "$work/bin/loadclient" -stage "$work/stage.json" -out "$work" -wait file -size small ${late:+-since attached} \
    ${keep:+-repeat} >"$work/load.log" 2>&1 &
  load_pid=$!
  pids+=("$load_pid")
}

# compare_at CHECKPOINT: the load waits there with everything at rest.
compare_at() {
  local checkpoint=$1
  wait_for "load until checkpoint $checkpoint" "$load_pid" test -s "$work/truth-$checkpoint.json"
  say "checkpoint $checkpoint"
  curl -sf "$exporter/metrics" >"$work/metrics-$checkpoint.txt"
  "$work/bin/compare" -truth "$work/truth-$checkpoint.json" "${since[@]}" -json "$work/rows.json" \
    "$work/metrics-$checkpoint.txt" || result=1
  touch "$work/go-$checkpoint"
}

service_pids() { jq -c '[.services[].pid] | sort' "$work/stage.json"; }

check_untouched() {
  local running
  [ "$(sha256sum <"$work/bin/resonance")" = "$binary_before" ] || { echo "the services' binary has changed"; result=1; }
  running=$(pgrep -f -- "$work/bin/resonance.* -module" | sort -n | jq -cs 'sort')
  if [ "$running" = "$(service_pids)" ]; then
    echo "the services' binary is byte-identical and no service was restarted: pids $running"
  else
    echo "services were restarted: pids $running, at the start $(service_pids)"
    result=1
  fi
}

keep_running() {
  say "running until Ctrl-C"
  printf '%s\n' "exporter          $exporter/" "all metrics       $exporter/metrics" \
    "one service each  $exporter/metrics/gateway  $exporter/metrics/logic  $exporter/metrics/task" \
    "services          $(jq -c '[.services[] | {service: .module, pid}]' "$work/stage.json")" "logs              $work"
  wait "$load_pid" || fail "the load client failed; see $work/load.log"
}

main() {
  parse_arguments "$@"
  "$top/scripts/setup.sh"
  say "building the exporter and the services (stripped, no cgo)"
  "$top/scripts/build.sh" release
  "$top/tests/resonance/build.sh" "$work/bin"

  rm -rf "$work"/*.json "$work"/*.log "$work"/*.txt "$work"/go-* "$work/services"
  trap stop_all EXIT
  trap 'exit 130' INT TERM
  result=0
  binary_before=$(sha256sum <"$work/bin/resonance")

  say "starting gateway (twice), logic and task"
  start_services
  if [ -n "$late" ]; then
    start_load
    start_exporter_under_load
  else
    start_exporter
    start_load
  fi
  compare_at hold
  compare_at drained
  [ -n "$keep" ] || wait "$load_pid" || fail "the load client failed; see $work/load.log"
  tail -n 3 "$work/load.log"
  check_untouched

  [ -z "$json" ] || cp "$work/rows.json" "$json"
  if [ "$result" = 0 ]; then
    say "all numbers are equal"
  else
    say "NOT EQUAL: see the rows marked above, and $work"
  fi
  [ -z "$keep" ] || keep_running
  exit "$result"
}

main "$@"
