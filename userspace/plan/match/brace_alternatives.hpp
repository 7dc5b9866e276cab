// The names that a pattern with braces stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plan {

// "(*Cart).{Add,Remove}" -> "(*Cart).Add", "(*Cart).Remove"; a text without such braces is its only
// alternative. Braces without a comma are themselves. At most a few hundred; more are not taken apart.
[[nodiscard]] std::vector<std::string> brace_alternatives(std::string_view pattern);

}  // namespace plan
