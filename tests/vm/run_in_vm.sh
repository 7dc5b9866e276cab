#!/usr/bin/env bash
# Runs a command under another kernel and gives back its output and its exit status. The guest is an initramfs of
# busybox, the named files and their shared libraries; QEMU emulates the processor, so neither KVM nor root is needed.
#
#   run_in_vm.sh [--kernel SERIES] [--file HOST_PATH[:GUEST_PATH]]... -- SHELL_COMMAND
#
# The command is run by busybox sh as root, in /. Files keep their place unless GUEST_PATH says another.
# Environment: VM_MEMORY (MiB, 1024), VM_CPUS (1), VM_TIMEOUT (seconds, 180), VM_CACHE (see fetch_kernel.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here
readonly NO_ANSWER=125  # the guest gave no exit status

usage() { sed -n '5p' "$0" | sed 's/^# */usage: /' >&2; exit 2; }

series=6.1
files=()
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) series=${2:?}; shift 2 ;;
    --file) files+=("${2:?}"); shift 2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
[ $# -gt 0 ] || usage
command=$*

work=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" || true; rm -rf "$work"' EXIT
root=$work/root

add_file() {
  local from=$1 to=$2
  mkdir -p "$root$(dirname "$to")"
  cp -L "$from" "$root$to"
  # Static programs and scripts have no libraries: ldd fails on them.
  local library
  for library in $({ ldd "$from" 2>/dev/null || true; } | grep -oE '/[^ ]+' || true); do
    mkdir -p "$root$(dirname "$library")"
    cp -Ln "$library" "$root$library"
  done
}

build_initramfs() {
  mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,usr/bin}
  cp "$(command -v busybox)" "$root/bin/busybox"
  local applet file
  for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
  done
  for file in "${files[@]}"; do
    case $file in
      *:*) add_file "${file%%:*}" "${file#*:}" ;;
      *) add_file "$file" "$(realpath "$file")" ;;
    esac
  done
  printf '%s\n' "$command" >"$root/command"
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
# Three serial ports: console, output, exit status. None needs a driver.
stty -F /dev/ttyS1 raw -echo
sh /command </dev/null >/dev/ttyS1 2>&1
echo $? >/dev/ttyS2
poweroff -f
INIT
  chmod +x "$root/init"
  (cd "$root" && find . | cpio -o -H newc --quiet --owner=0:0) >"$work/initrd"
}

kernel=$("$here/fetch_kernel.sh" "$series")
build_initramfs
touch "$work"/{console,output,status}
timeout "${VM_TIMEOUT:-180}" qemu-system-x86_64 -accel tcg -cpu max -machine q35 -smp "${VM_CPUS:-1}" \
  -m "${VM_MEMORY:-1024}" -nodefaults -display none -nic none -no-reboot \
  -kernel "$kernel" -initrd "$work/initrd" \
  -append "console=ttyS0 panic=-1 oops=panic quiet rdinit=/init mitigations=off" \
  -serial "file:$work/console" -serial "file:$work/output" -serial "file:$work/status" \
  </dev/null >"$work/qemu.log" 2>&1 &
qemu=$!
wait "$qemu" && ended=0 || ended=$?
qemu=

cat "$work/output"
status=$(tr -dc 0-9 <"$work/status")
if [ -z "$status" ]; then
  echo "run_in_vm: no exit status from the guest (QEMU ended with $ended, kernel $(basename "$kernel")); its console:" >&2
  tail -n 30 "$work/console" "$work/qemu.log" >&2 || true
  exit "$NO_ANSWER"
fi
exit "$status"
