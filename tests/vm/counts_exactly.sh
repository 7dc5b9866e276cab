#!/usr/bin/env bash
# counts_exactly.sh SERIES EXPORTER: the exporter under another kernel counts the calls of a stripped Go program,
# exactly. What runs there is calls/in_guest.sh.
set -euo pipefail

series=${1:?"usage: counts_exactly.sh SERIES EXPORTER"}
exporter=${2:?"usage: counts_exactly.sh SERIES EXPORTER"}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$here/calls" && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o "$work/calls" .)
VM_CPUS=2 "$here/run_in_vm.sh" --kernel "$series" --file "$exporter:/test/uprobe_exporter" --file "$work/calls:/test/calls" \
  --file "$here/calls/probes.yaml:/test/probes.yaml" --file "$here/calls/in_guest.sh:/test/in_guest.sh" \
  -- sh /test/in_guest.sh | tee "$work/output"

# What the kernel offers decides how probes are attached and who does returns: every way must be among the tests.
case $series in
  6.1) grep -q 'without uprobe_multi' "$work/output" && grep -q 'without register writes' "$work/output" ;;
  6.12) grep -q 'has="uprobe_multi' "$work/output" && grep -q 'without register writes' "$work/output" ;;
  *) grep -q 'has=".*register writes' "$work/output" ;;
esac
