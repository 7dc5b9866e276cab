#!/usr/bin/env bash
# Makes api/gen from api/proto. Needs protoc; the Go plugins are fetched at the versions below.
set -euo pipefail
cd "$(dirname "$0")"

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
GOBIN=$bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
GOBIN=$bin go install connectrpc.com/connect/cmd/protoc-gen-connect-go@v1.19.1

rm -rf gen
mkdir -p gen/go
module=github.com/ceyewan/resonance/api/gen/go
PATH=$bin:$PATH protoc -I proto \
  --go_out=gen/go --go_opt=module=$module \
  --go-grpc_out=gen/go --go-grpc_opt=module=$module \
  resonance/logic/v1/logic.proto resonance/gateway/v1/gateway.proto resonance/mq/v1/mq.proto
PATH=$bin:$PATH protoc -I proto --connect-go_out=gen/go --connect-go_opt=module=$module resonance/gateway/v1/gateway.proto
