#!/usr/bin/env bash
# Runs a program as process 1 of a container made by hand: mount, pid, network, ipc and uts namespaces of its own, its root on
# overlayfs. Needs root.
#
#   in_container.sh IMAGE COMMAND...     IMAGE is the lower layer; what the container writes is gone with it
set -euo pipefail

image=$(realpath "$1")
shift
if [ -z "${INSIDE_NAMESPACES:-}" ]; then
  INSIDE_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child --net --ipc --uts "$0" "$image" "$@"
fi

mount --make-rprivate /
layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
cd "$layers/root"
mkdir -p proc old
mount -t proc proc proc
pivot_root . old
exec /bin/sh -c 'umount -l /old; exec "$@"' sh "$@"
