#!/usr/bin/env bash
# Installs what building, testing and the demo need on Debian 12. Safe to run again: it prints one line when
# nothing is missing. Run as root.
#
#   scripts/setup.sh [all|build|runtime|pictures]     only what a build needs, or the built program, or tests/stack/pictures
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here

say() { printf 'setup: %s\n' "$*"; }

readonly BUILD_PACKAGES=(
  g++ cmake ninja-build pkg-config ccache git ca-certificates
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev llvm-19 lld-19
  libelf-dev libdw-dev zlib1g-dev libmicrohttpd-dev libfmt-dev libyaml-cpp-dev libcli11-dev
  nlohmann-json3-dev libre2-dev protobuf-compiler libprotobuf-dev libcapstone-dev libgnutls28-dev
  libcrypt-dev libcap-ng-dev libgtest-dev libgmock-dev libbenchmark-dev
)
# Their packages in Debian 12 are too old: uprobe_multi needs libbpf 1.3, stable TCG needs QEMU 10.
readonly BUILD_BACKPORTS=(libbpf-dev bpftool)
readonly TEST_BACKPORTS=(qemu-system-x86 qemu-system-common qemu-system-data seabios)
readonly RUNTIME_BACKPORTS=(libbpf1)
readonly TEST_PACKAGES=(
  python3 curl openssl libfaketime jq binutils busybox-static cpio kmod
  shellcheck python3-yaml python3-prometheus-client locales
  systemd iproute2 util-linux mount podman runc
  prometheus prometheus-alertmanager postgresql postgresql-contrib redis-server nats-server
)

readonly PICTURE_PACKAGES=(chromium fonts-dejavu-core)
readonly RUNTIME_PACKAGES=(
  libcap-ng0 libcapstone4 libdw1 libelf1 libfmt9 libgnutls30 libmicrohttpd12 libre2-9 libstdc++6 libyaml-cpp0.7 zlib1g
)

missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

enable_backports() {
  if ! grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d; then
    say "enabling bookworm-backports"
    "$here/debian_source.sh" bookworm-backports >/etc/apt/sources.list.d/bookworm-backports.list
  fi
}

# True where the installed version is older than the wanted one.
older_than() { dpkg --compare-versions "$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo 0)" lt "$2"; }

# Servers come for their programs only, the tests start their own: no package may start one.
forbid_services() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

main() {
  local packages backports
  case ${1:-all} in
    all)
      packages=("${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
      backports=("${BUILD_BACKPORTS[@]}" "${TEST_BACKPORTS[@]}")
      ;;
    build) packages=("${BUILD_PACKAGES[@]}") backports=("${BUILD_BACKPORTS[@]}") ;;
    runtime) packages=("${RUNTIME_PACKAGES[@]}") backports=("${RUNTIME_BACKPORTS[@]}") ;;
    pictures)
      packages=("${PICTURE_PACKAGES[@]}") backports=()
      command -v npm >/dev/null || packages+=(nodejs npm)
      ;;
    *) say "unknown argument $1; known are: all build runtime pictures" >&2; exit 2 ;;
  esac
  local wanted=() package
  mapfile -t wanted < <(missing "${packages[@]}")
  for package in "${backports[@]}"; do
    if [ -n "$(missing "$package")" ] || { [[ $package = libbpf* ]] && older_than "$package" 1:1.4; }; then
      wanted+=("$package/bookworm-backports")
    fi
  done
  # A Go of any recent version serves: the stand-in's go.mod names the toolchain it wants.
  [ "${1:-all}" != all ] || command -v go >/dev/null || wanted+=(golang-go/bookworm-backports)

  if [ ${#wanted[@]} -eq 0 ]; then
    say "everything is installed"
    return
  fi
  if [ "$(id -u)" != 0 ]; then
    say "run me as root, packages are missing: ${wanted[*]}" >&2
    exit 1
  fi
  enable_backports
  say "installing ${#wanted[@]} packages: ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  forbid_services
  apt-get -qq update
  apt-get install -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends "${wanted[@]}" >/tmp/uprobe_exporter_setup.log 2>&1 || {
    tail -n 30 /tmp/uprobe_exporter_setup.log >&2
    say "apt-get failed; the whole log is in /tmp/uprobe_exporter_setup.log" >&2
    exit 1
  }
  say "done"
}

main "$@"
