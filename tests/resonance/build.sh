#!/usr/bin/env bash
# Builds the stand-in into a folder: resonance as the real services are built (no cgo, stripped), and the tools.
# Usage: build.sh [FOLDER]
set -euo pipefail

out=$(realpath -m "${1:-$(dirname "$0")/bin}")
cd "$(dirname "$0")"

# The Go version that the real services are built with; where it cannot be had, the installed one.
version=$(awk '$1 == "go" {print "go" $2}' go.mod)
if [ -z "${GOTOOLCHAIN:-}" ] && GOTOOLCHAIN=$version go version >/dev/null 2>&1; then
  export GOTOOLCHAIN=$version
fi

mkdir -p "$out"
CGO_ENABLED=0 go build -ldflags="-s -w" -o "$out/resonance" .
CGO_ENABLED=0 go build -o "$out" ./cmd/...
