// What an expression mentions: some names are known only when a call returns, some only in a poll.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/expression.hpp"

namespace config {

// Whether a call of the function stands anywhere in it.
[[nodiscard]] bool calls(const Expression& expression, std::string_view function);

// The identifier `name`, anywhere in it.
[[nodiscard]] bool mentions(const Expression& expression, std::string_view name);

// The first identifier in it, other than `except`; nothing if there is none.
[[nodiscard]] std::optional<std::string> identifier_other_than(const Expression& expression,
                                                               std::string_view except);

// A result of the function, ret0 or a name that the signature gives to one; nothing if there is none.
[[nodiscard]] std::optional<std::string> mentioned_result(const Expression& expression,
                                                          const std::optional<Signature>& signature);

// What of it is not known before the call returns: a result, at_return(...), panicked. As messages name it.
[[nodiscard]] std::optional<std::string> known_only_at_return(const Expression& expression,
                                                              const std::optional<Signature>& signature);

}  // namespace config
