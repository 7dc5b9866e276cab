#!/usr/bin/env bash
# fetch_kernel.sh SERIES: prints the path of Debian's newest cloud kernel of that series (6.1, 6.19, or 7 for any 7.x), unpacked
# from its packages and never installed. Kept under build/vm-cache, or $VM_CACHE, so that it is downloaded once.
#
# A series that the machine's own suites lack comes from the backports of the next release, by lists of its own: from 6.19 on
# the image is in a package linux-binary-*, before that in linux-image-*.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
series=${1:?"usage: fetch_kernel.sh SERIES, for example 6.1"}
cache=${VM_CACHE:-$here/../../build/vm-cache}
unpacked=$cache/$series
readonly NEWER_SUITE=trixie-backports

# Newest first. The signed images only: -unsigned and -dbg are other packages.
packages_of_series() {
  apt-cache pkgnames linux- | grep -E "^linux-(image|binary)-${series//./\\.}\.[0-9.+a-z-]+-cloud-amd64$" | sort -t- -k3rV -k2,2 || true
}

# Makes apt see the newer suite only, with lists below the cache.
use_newer_suite() {
  local apt=$cache/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,sources.list.d}
  : >"$apt/status"
  "$here/../../scripts/debian_source.sh" "$NEWER_SUITE" >"$apt/sources.list.d/newer.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.list.d";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
CONF
  export APT_CONFIG=$apt/apt.conf
}

# Sets `package` and `image`.
download() {
  packages_of_series >"$scratch/packages"
  while read -r package; do
    (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download "$package" >/dev/null 2>"$scratch/error") || continue
    dpkg-deb -x "$scratch/$package"_*.deb "$scratch/root"
    image=$(find "$scratch/root" -name 'vmlinuz*' | head -n 1)
    [ -z "$image" ] || return 0
  done <"$scratch/packages"
  return 1
}

fetch() {
  download && return
  apt-get -qq update >&2
  download && return
  use_newer_suite
  apt-get -qq -o APT::Sandbox::User=root update >&2
  download && return
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
  package=''
  image=''
  fetch
  mkdir -p "$unpacked"
  cp "$image" "$unpacked/vmlinuz-${package#linux-*-}"
fi
compgen -G "$unpacked/vmlinuz-*" | sort -V | tail -n 1
