#!/usr/bin/env bash
# Sets up, builds and tests.
#
#   scripts/test.sh                        what .ci/run runs
#   scripts/test.sh full                   the same, with ten minutes of each fuzz target, and the matrix: hours
#   scripts/test.sh LABEL [NAME_REGEX]     one kind (unit, lint, bpf, vm, e2e, fuzz), or those of its tests whose name matches
#   scripts/test.sh kernels                our programs and exact counts on Debian's 6.1, 6.12, 6.19 and newest kernel, and with 8 CPUs
#   scripts/test.sh sanitizers [NAME_REGEX]    the unit tests with ASan and UBSan (preset asan), and with TSan (preset tsan); with the
#                                          latter also the BPF tests and two of e2e
#   scripts/test.sh matrix [OPTION...]     every Go version x way to build x shape of Go code: hours (tests/matrix)
#   scripts/test.sh reliability            a million calls under each fault, many services: half an hour (tests/reliability)
#   scripts/test.sh kubernetes             the Helm chart against the kustomizations; builds Helm first (tests/kubernetes)
#   scripts/test.sh stack [OPTION...]      each alert from its cause to Alertmanager and back, one by one (tests/stack)
#
# A test that skips itself is named at the end. It is a failure where it should have run: bpf, vm and e2e always,
# the others with CI=true.
set -euo pipefail

cd "$(dirname "$0")/.."
readonly PRESET=release
readonly BUILD=build/$PRESET
readonly LABELS=(unit lint bpf vm e2e)
readonly LONG_LABELS=(kernels kubernetes)
readonly SANITIZERS=(asan tsan)

label=${1:-ci}
name=${2:-.}
failed=()

say() { printf '== %s\n' "$*"; }

check_arguments() {
  local known="ci full fuzz sanitizers matrix reliability stack ${LABELS[*]} ${LONG_LABELS[*]}"
  case " $known " in
    *" $label "*) ;;
    *) echo "test: unknown label $label; known are: $known" >&2; exit 2 ;;
  esac
}

# run_ctest KIND FOLDER OPTION...: tests of a build, one line each; keeps the results of KIND for report_skips.
run_ctest() {
  local kind=$1 folder=$2
  shift 2
  ctest --test-dir "$folder" --output-on-failure --timeout 900 --parallel "$(nproc)" -R "$name" \
    --output-junit "$PWD/$BUILD/results-$kind.xml" "$@" | grep -vE '^ +Start +[0-9]+: ' || failed+=("$kind")
}

run_go_tests() {
  say "unit: the stand-in's own tests (Go)"
  (cd tests/resonance && go test -short ./...) || failed+=("go")
}

run_label() {
  say "$1"
  run_ctest "$1" "$BUILD" -L "^$1\$" --no-tests=error
}

count_unit_tests() { ctest --test-dir "$1" -N -R "$name" -L '^unit$' | sed -n 's/^Total Tests: //p'; }

# All unit tests again, in the builds that find wrong memory accesses, undefined behaviour and data races.
run_sanitizers() {
  local preset wanted found
  for preset in "${SANITIZERS[@]}"; do
    say "unit tests: $preset"
    scripts/build.sh "$preset" unit_tests
    wanted=$(count_unit_tests "$BUILD")
    found=$(count_unit_tests "build/$preset")
    if [ "$wanted" != "$found" ]; then
      echo "test: $preset has $found unit tests of $wanted"
      failed+=("$preset")
    fi
    run_ctest "$preset" "build/$preset" -L '^unit$' --no-tests=error
  done
}

# Threads with the kernel beside them: the BPF tests, and exporters that are scraped, reloaded, followed and killed.
run_data_races() {
  say "data races: bpf and two of e2e"
  scripts/build.sh tsan bpf_test uprobe_exporter
  export TSAN_OPTIONS="halt_on_error=1 exitcode=66"
  run_ctest tsan-bpf build/tsan -L '^bpf$' --no-tests=error
  run_ctest tsan-e2e build/tsan -L '^e2e$' -R '^e2e\.(succession|random_reloads)$' --no-tests=error
  unset TSAN_OPTIONS
}

# run_fuzz SECONDS: each target for so long, with compiler and sanitizers of its own.
run_fuzz() {
  say "fuzz: $1 s each"
  scripts/build.sh fuzz fuzz_targets
  UPROBE_EXPORTER_FUZZ_SECONDS=$1 ctest --test-dir build/fuzz --output-on-failure --timeout $(($1 * 2 + 120)) \
    --parallel "$(nproc)" -R "$name" -L '^fuzz$' --no-tests=error | grep -vE '^ +Start +[0-9]+: ' || failed+=("fuzz")
}

run_matrix() {
  say "matrix"
  UPROBE_EXPORTER_BUILD=$BUILD tests/matrix/matrix.py "$@" || failed+=("matrix")
}

run_all_labels() {
  local each
  run_go_tests
  for each in unit lint bpf; do
    run_label "$each"
  done
  say "e2e, and guests beside it"
  run_ctest e2e "$BUILD" -L '^(vm|e2e)$' --no-tests=error
  say "others"
  run_ctest others "$BUILD" -LE "^($(IFS='|'; echo "${LABELS[*]}|${LONG_LABELS[*]}"))\$" --no-tests=ignore
}

# Prints "KIND NAME" of every skipped test.
skipped_tests() {
  /usr/bin/python3 - "$BUILD" <<'PYTHON'
import glob, os, sys
import xml.etree.ElementTree as xml

for results in sorted(glob.glob(sys.argv[1] + "/results-*.xml")):
    kind = os.path.basename(results).removeprefix("results-").removesuffix(".xml")
    for case in xml.parse(results).iter("testcase"):
        if case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
            print(kind, case.get("name"))
PYTHON
}

report_skips() {
  local skipped
  skipped=$(skipped_tests)
  [ -n "$skipped" ] || return 0
  say "skipped"
  printf '%s\n' "$skipped"
  if [ "${CI:-}" = true ] || grep -qE '^(bpf|vm|e2e|kernels) ' <<<"$skipped"; then
    failed+=("skipped tests")
  fi
}

main() {
  check_arguments
  say "setting up"
  scripts/setup.sh
  say "building"
  scripts/build.sh "$PRESET" all
  rm -f "$BUILD"/results-*.xml

  case $label in
    ci) run_all_labels; run_sanitizers; run_data_races; run_fuzz 15 ;;
    full) run_all_labels; run_sanitizers; run_data_races; run_fuzz 600; run_matrix ;;
    fuzz) run_fuzz 15 ;;
    sanitizers)
      run_sanitizers
      [ "$name" != . ] || run_data_races ;;
    matrix) run_matrix "${@:2}" ;;
    reliability)
      UPROBE_EXPORTER_BUILD=$BUILD tests/reliability/reliability.py --write || failed+=("reliability")
      UPROBE_EXPORTER_BUILD=$BUILD tests/reliability/many_services.py --write || failed+=("many services") ;;
    stack)
      UPROBE_EXPORTER_BUILD=$BUILD tests/stack/all.sh "${@:2}" || failed+=("stack") ;;
    *)
      [ "$label" != unit ] || [ "$name" != . ] || run_go_tests
      run_label "$label" ;;
  esac
  report_skips

  if [ ${#failed[@]} -gt 0 ]; then
    printf 'test: failed after %d s: %s\n' "$SECONDS" "$(IFS=,; echo "${failed[*]}")"
    exit 1
  fi
  printf 'test: all passed in %d s\n' "$SECONDS"
}

main "$@"
