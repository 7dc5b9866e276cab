#!/usr/bin/env bash
# Runs inside boot_systemd.sh: the shipped unit from start to stop beside a service, with the truth on standard output.
set -euo pipefail

cd /results
mkfifo orders
restarts -role alpha -serve <orders >answers &
exec 3>orders
until grep -q ready answers; do read -rt 0.05 <> <(:) || true; done

# Returns only when the unit is active: when READY=1 was said.
systemctl start uprobe_exporter.service
curl -sf http://127.0.0.1:19435/-/ready >ready
systemctl show -p ActiveState,SubState,StatusErrno,MainPID uprobe_exporter.service >started
pid=$(systemctl show -P MainPID uprobe_exporter.service)
grep -E '^(Uid|Cap|NoNewPrivs|Seccomp:)' "/proc/$pid/status" >privileges

echo 1000 >&3
until grep -q 'done 1000' answers; do read -rt 0.05 <> <(:) || true; done
curl -sf http://127.0.0.1:19435/metrics >metrics

systemctl stop uprobe_exporter.service
systemctl show -p ActiveState,Result,ExecMainStatus uprobe_exporter.service >stopped
