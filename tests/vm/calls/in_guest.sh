#!/bin/sh
# Runs in the guest (busybox): the exporter finds one process that runs already and one that starts later, and must have
# counted every call of both, whether returns are done by its programs (where the kernel has that) or stepped. Prints what
# differs.
set -eu

page() { wget -qO- "http://127.0.0.1:19435$1"; }

fail() {
  echo "in_guest: $*"
  cat exporter.log
  exit 1
}

# wait_for WHAT COMMAND...: tries for a minute.
wait_for() {
  what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "waited in vain: $what"
    kill -0 "$exporter" 2>/dev/null || fail "the exporter has ended: $what"
    usleep 100000
  done
}

processes() { page /metrics | grep -qF "uprobe_exporter_service_processes{service=\"calls\"} $1"; }
has_ended() { grep -qx end "$1"; }
shows_parked() { page /metrics/calls | grep -qE '^parked[{ ].*10$|^parked 10$'; }

# count_with MODE: leaves what was exported in exported.MODE.
count_with() {
  rm -f go
  ./calls 3000 go >first.txt &
  first=$!
  ./uprobe_exporter run --config probes.yaml --web.listen-address 127.0.0.1:19435 --bpf.pin-path "/sys/fs/bpf/$1" \
    --bpf.emulate-returns "$1" --log.level debug >exporter.log 2>&1 &
  exporter=$!
  wait_for "probes are attached" page /-/ready
  wait_for "the process is known" processes 1
  touch go
  ./calls 2000 >second.txt &
  second=$!
  wait_for "the first program has made its calls" has_ended first.txt
  wait_for "the second program has made its calls" has_ended second.txt
  wait_for "both are known" processes 2
  wait_for "five calls of each are in flight" shows_parked

  awk '$1 == "end" { next }
    $1 == "risky" { ended += $3; next }
    { calls[$1 "\",status=\"" $2] += $3; durations[$1] += $3; all += $3 }
    END {
      for (l in calls) printf "calls_total{kind=\"%s\"} %d\n", l, calls[l]
      for (l in durations) printf "call_duration_ms_count{kind=\"%s\"} %d\n", l, durations[l]
      printf "risky_total{status=\"ok\"} %d\n", ended
      printf "risky_total{status=\"panicked\"} %d\n", all - ended
      printf "inner_duration_ms_count{status=\"ok\"} %d\n", ended
      # A call that a panic ends has no return, and so no duration.
      printf "inner_duration_ms_count{status=\"panicked\"} 0\n"
    }' first.txt second.txt | sort >true.txt
  page /metrics/calls | grep -E '^(calls_total|call_duration_ms_count|risky_total|inner_duration_ms_count)\{' | sort >"exported.$1"
  [ "$(wc -l <true.txt)" = 13 ] || fail "the programs did not print thirteen numbers"
  diff true.txt "exported.$1" >difference.txt || fail "returns $1: true (-) and exported (+) differ:
$(cat difference.txt)"
  page /metrics | grep '^uprobe_exporter_losses_total.* [^0]' && fail "losses"
  page /metrics | grep '^uprobe_exporter_hit_cost_seconds.*target.*return\|^uprobe_exporter_hit_cost_seconds.*return.*target' || true
  kill "$first" "$second"
  kill "$exporter"
  wait "$exporter" || fail "the exporter did not stop cleanly"
}

cd /test
count_with off
count_with auto
cat exported.auto
grep 'msg=kernel ' exporter.log
