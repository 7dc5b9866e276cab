#include "config/parse_expression.hpp"

#include "config/read_expression.hpp"
#include "config/read_type.hpp"

namespace config {
namespace {

template <class T>
base::Result<T> located(Parsed<T> parsed, std::string_view what, std::string_view text) {
  if (!parsed) {
    return base::fail(base::ErrorCode::kInvalidConfig, "{} \"{}\", column {}: {}", what, text.substr(0, 80),
                      parsed.error().offset + 1, parsed.error().message);
  }
  return std::move(*parsed);
}

}  // namespace

base::Result<Expression> parse_expression(std::string_view text) {
  return located(read_expression(text), "expression", text);
}

base::Result<TypeText> parse_type(std::string_view text) {
  return located(read_type(text), "type", text);
}

base::Result<Signature> parse_signature(std::string_view text) {
  return located(read_signature(text), "signature", text);
}

}  // namespace config
