// Text -> Go types and signatures.
#pragma once

#include <string_view>

#include "config/expression.hpp"
#include "config/syntax.hpp"
#include "config/text_cursor.hpp"

namespace config {

// The type that begins at the cursor, which is left behind it.
[[nodiscard]] Parsed<TypeText> read_type_at(TextCursor& cursor, int nesting = 0);

// A whole text as one type: `*pkg.T`, `map[string][]byte`, `github.com/x/y.T[int]`.
[[nodiscard]] Parsed<TypeText> read_type(std::string_view text);

// A whole text as one signature: `func(ctx context.Context, names ...string) (any, error)`.
[[nodiscard]] Parsed<Signature> read_signature(std::string_view text);

}  // namespace config
