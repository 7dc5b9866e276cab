#!/usr/bin/env bash
# fetch_kernel.sh SERIES: prints the path of a Debian cloud kernel of that series (6.1, 6.12), unpacked from its package
# and never installed. Kept under build/vm-cache, or $VM_CACHE, so that it is downloaded once.
set -euo pipefail

series=${1:?"usage: fetch_kernel.sh SERIES, for example 6.1"}
cache=${VM_CACHE:-$(cd "$(dirname "$0")/../.." && pwd)/build/vm-cache}
unpacked=$cache/$series

# Newest first. The signed images only: -unsigned and -dbg are other packages.
packages_of_series() {
  apt-cache pkgnames "linux-image-$series." | grep -E '^linux-image-[0-9.+a-z-]+-cloud-amd64$' | sort -rV || true
}

fetch() {
  local package packages scratch=$1
  packages=$(packages_of_series)
  if [ -z "$packages" ]; then
    apt-get -qq update >&2
    packages=$(packages_of_series)
  fi
  for package in $packages; do
    if (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download "$package" >/dev/null 2>"$scratch/error"); then
      dpkg-deb -x "$scratch/$package"_*.deb "$scratch/root"
      return
    fi
  done
  echo "fetch_kernel: no cloud kernel of series $series to be had from apt" >&2
  [ ! -s "$scratch/error" ] || tail -n 3 "$scratch/error" >&2
  return 1
}

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
if ! compgen -G "$unpacked/vmlinuz-*" >/dev/null; then
  scratch=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  fetch "$scratch"
  mkdir -p "$unpacked"
  cp "$scratch"/root/boot/vmlinuz-* "$unpacked/"
fi
compgen -G "$unpacked/vmlinuz-*" | sort -V | tail -n 1
