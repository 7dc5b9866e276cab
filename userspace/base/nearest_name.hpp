// "did you mean": the allowed name that a misspelt one resembles.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

// Letters to insert, delete, replace or swap with a neighbour to turn one into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

// The candidate nearest to `name`; nothing if none is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      std::span<const std::string> candidates);

// `; did you mean "x"?`, or "" if no candidate is near. For the end of a message.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace base
