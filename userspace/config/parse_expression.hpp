// The expression language of probes.yaml (docs/probes.md) as text. Errors are ErrorCode::kInvalidConfig and
// name the column in the text; where the text stands in a file, parse_config.hpp names file, line and column
// instead.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "config/expression.hpp"

namespace config {

// `len(ret0.FailedUsernames) > 0`. Functions are checked (name, number of arguments), other names are not.
[[nodiscard]] base::Result<Expression> parse_expression(std::string_view text);

// `*pkg.T`, `map[string][]byte`, `github.com/x/y.T[int]`.
[[nodiscard]] base::Result<TypeText> parse_type(std::string_view text);

// `func(ctx context.Context, names ...string) (any, error)`, with or without names; `_` is kept as a name.
[[nodiscard]] base::Result<Signature> parse_signature(std::string_view text);

}  // namespace config
