#!/usr/bin/env bash
# Every shell script of the repository parses, and shellcheck has nothing to say.
set -euo pipefail

cd "$(dirname "$0")/../.."
mapfile -t scripts < <(find .ci scripts tests deploy bpf userspace cmake -type f \( -name '*.sh' -o -path .ci/run \))
for script in "${scripts[@]}"; do
  case $(head -n 1 "$script") in
    '#!/usr/bin/env bash') bash -n "$script" ;;
    '#!/bin/sh') sh -n "$script" ;;
    *) echo "$script: begins with neither '#!/usr/bin/env bash' nor '#!/bin/sh'"; exit 1 ;;
  esac
done
shellcheck "${scripts[@]}"
echo "ok: ${#scripts[@]} scripts"
