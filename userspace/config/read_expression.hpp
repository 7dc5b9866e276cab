// Text -> expression tree.
#pragma once

#include <string_view>

#include "config/expression.hpp"
#include "config/syntax.hpp"

namespace config {

// A whole text as one expression. The tree's offsets and an error's offset are bytes of `text`.
[[nodiscard]] Parsed<Expression> read_expression(std::string_view text);

}  // namespace config
