#!/usr/bin/env bash
# Checks how the code looks: clang-format and clang-tidy over userspace/ and tests/, who includes whom, shellcheck over the scripts.
#
#   scripts/lint.sh [--fix] [FILE...]     only these C++ files; --fix lets clang-format rewrite them
set -euo pipefail

cd "$(dirname "$0")/.."
fix=
if [ "${1:-}" = --fix ]; then
  fix=1
  shift
fi
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'userspace/*.[ch]pp' 'tests/*.[ch]pp')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cpp$' || true)
failed=()

step() { printf '== %s\n' "$1"; }

step "clang-format"
if [ -n "$fix" ]; then
  clang-format-19 -i "${files[@]}"
else
  clang-format-19 --dry-run -Werror "${files[@]}" || failed+=(clang-format)
fi

step "includes"
scripts/check_includes.py || failed+=(includes)

step "shellcheck"
shellcheck "${scripts[@]}" || failed+=(shellcheck)

if [ ${#sources[@]} -gt 0 ]; then
  step "clang-tidy"
  # The compile commands and the generated headers that the sources include.
  scripts/build.sh dev all >/dev/null
  printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet || failed+=(clang-tidy)
fi

if [ ${#failed[@]} -gt 0 ]; then
  echo "lint: failed: ${failed[*]}"
  exit 1
fi
echo "lint: all good"
