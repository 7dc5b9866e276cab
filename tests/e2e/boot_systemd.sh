#!/usr/bin/env bash
# Runs a command under a systemd of its own, process 1 of new namespaces, on a throw-away overlay of this machine's root.
# Nothing outside is changed. Needs root.
#
#   boot_systemd.sh DIR COMMAND...
#     DIR      has units/ for /etc/systemd/system, programs/ for /usr/local/bin, and probes.yaml for /etc/uprobe_exporter;
#              inside it is /results, for whatever the command writes
#     COMMAND  run as a unit once systemd is up; its exit code is ours
set -euo pipefail

if [ -z "${INSIDE_NAMESPACES:-}" ]; then
  # A group of its own is the root of what systemd sees and changes.
  group=$(findmnt -nt cgroup2 -o TARGET | head -n 1)/boot_systemd_$$
  mkdir "$group"
  code=0
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    INSIDE_NAMESPACES=1 exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup "$0" "$@"
  ) || code=$?
  find "$group" -depth -type d -exec rmdir {} +
  exit "$code"
fi

results=$(realpath "$1")
shift

mount --make-rprivate /
layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
root=$layers/root
mkdir "$layers/upper" "$layers/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
umount -R "$root/sys/fs/cgroup"
mount -t bpf bpf "$root/sys/fs/bpf"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mkdir "$root/results"
mount --bind "$results" "$root/results"

# Only what we ask for is started.
rm -f "$root"/etc/systemd/system/*.wants/* "$root"/lib/systemd/system/*.wants/*
cp -r "$results/units/." "$root/etc/systemd/system/"
cp "$results/programs/"* "$root/usr/local/bin/"
mkdir -p "$root/etc/uprobe_exporter"
cp "$results/probes.yaml" "$root/etc/uprobe_exporter/"
cat >"$root/etc/systemd/system/check.service" <<UNIT
[Service]
Type=oneshot
StandardOutput=file:/results/check.log
StandardError=inherit
ExecStart=$*
ExecStopPost=/bin/sh -c 'systemctl exit \$EXIT_STATUS'
UNIT

ip link set lo up
cd "$root"
pivot_root . mnt
umount -l /mnt
export container=namespaces
exec /lib/systemd/systemd --system --unit=check.service --log-target=console </dev/null
