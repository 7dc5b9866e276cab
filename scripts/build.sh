#!/usr/bin/env bash
# Builds the exporter: scripts/build.sh [PRESET [TARGET...]], by default release and uprobe_exporter. Presets are in
# CMakePresets.json. Prints warnings, errors and where the program is.
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:-release}
shift || true
[ $# -gt 0 ] || set -- uprobe_exporter

# Objects in ccache serve other clones too. The sloppiness is what ccache asks for where headers are precompiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

mkdir -p build
if ! cmake --preset "$preset" >"build/configure-$preset.log" 2>&1; then
  tail -n 30 "build/configure-$preset.log" >&2
  echo "build: cannot configure preset $preset; scripts/setup.sh installs what is needed" >&2
  exit 1
fi
cmake --build --preset "$preset" --target "$@" -- --quiet
echo "build/$preset/uprobe_exporter"
