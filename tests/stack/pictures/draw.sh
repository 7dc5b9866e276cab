#!/usr/bin/env bash
# Checks the shipped dashboards against Grafana's own types and draws them with Grafana's own components, from what
# Prometheus answered to their queries: draw.sh PANELS.JSON FOLDER. Installs what it needs (npm: 660 MB below build/).
set -euo pipefail

panels=$(realpath "$1")
folder=$(realpath -m "$2")
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
work=$top/build/npm

"$top/scripts/setup.sh" pictures
mkdir -p "$work"
cd "$work"
if ! cmp -s "$here/package-lock.json" package-lock.json; then
  cp "$here"/package.json "$here"/package-lock.json .
  npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error || { rm package-lock.json; exit 1; }
fi
# Modules are looked for beside the file that imports them.
cp "$here"/*.mjs "$here"/*.jsx .
node check_schema.mjs "$top"/deploy/grafana/dashboards/*.json
echo "the dashboards are what @grafana/schema knows"
node draw.mjs "$top/deploy/grafana/dashboards" "$panels" "$folder"
