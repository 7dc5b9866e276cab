#!/bin/sh
# Runs in the guest (busybox): the exporter finds one process that runs already and one that starts later, and must have
# counted every call of both. Prints what differs.
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

one_process() { page /metrics | grep -qF 'uprobe_exporter_service_processes{service="calls"} 1'; }

cd /test
./calls 3000 go >first.txt &
first=$!
./uprobe_exporter run --config probes.yaml --web.listen-address 127.0.0.1:19435 --log.level debug >exporter.log 2>&1 &
exporter=$!
wait_for "probes are attached" page /-/ready
wait_for "the process is known" one_process
touch go
wait $first || fail "the first program failed"
./calls 2000 >second.txt || fail "the second program failed"

awk '{ calls[$1 "\",status=\"" $2] += $3; durations[$1] += $3 }
  END {
    for (l in calls) printf "calls_total{kind=\"%s\"} %d\n", l, calls[l]
    for (l in durations) printf "call_duration_ms_count{kind=\"%s\"} %d\n", l, durations[l]
  }' first.txt second.txt | sort >true.txt
page /metrics/calls | grep -E '^call(s_total|_duration_ms_count)\{' | sort >exported.txt
[ "$(wc -l <true.txt)" = 9 ] || fail "the programs did not print nine numbers"
diff true.txt exported.txt >difference.txt || fail "true (-) and exported (+) differ:
$(cat difference.txt)"

page /metrics | grep '^uprobe_exporter_losses_total.* [^0]' && fail "losses"
kill "$exporter"
wait "$exporter" || fail "the exporter did not stop cleanly"
cat exported.txt
grep -o 'uprobe_multi=[a-z]*' exporter.log
