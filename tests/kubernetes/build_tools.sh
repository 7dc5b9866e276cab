#!/usr/bin/env bash
# Builds Kubernetes and what checks manifests, as tools/go.mod pins them, into CACHE/kubernetes: minutes the first time,
# seconds from Go's cache.
#
#   build_tools.sh TOOL...      kubectl kubeconform helm kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy
set -euo pipefail

cd "$(dirname "$0")/tools"
out=${UPROBE_EXPORTER_CACHE:-$HOME/.cache/uprobe_exporter}/kubernetes
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
readonly VERSION=k8s.io/component-base/version

packages=()
for tool in "$@"; do
  package=$(go list -f '{{.ImportPath}}' tool | grep -E "/$tool(/v[0-9]+)?\$") || { echo "build_tools: unknown tool $tool" >&2; exit 2; }
  packages+=("$package")
done
mkdir -p "$out"
CGO_ENABLED=0 nice go build -trimpath \
  -ldflags "-s -w -X $VERSION.gitVersion=$version -X $VERSION.gitMajor=$major -X $VERSION.gitMinor=$minor" \
  -o "$out/" "${packages[@]}"
echo "$out"
