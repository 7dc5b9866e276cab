// The lines of samples, which both text formats share.
#pragma once

#include <string>
#include <string_view>

#include "metrics/snapshot.hpp"

namespace expose {

// Backslash, line feed and, with `quotes`, the double quote, escaped.
[[nodiscard]] std::string escaped(std::string_view text, bool quotes);

struct LineStyle {
  std::string (*bound_text)(double) = nullptr;  // how `le` is written
  bool sums_that_go_down = true;                // histograms of values below 0 have _sum and _count too
  std::string_view created_of{};                // each series has NAME_created where that is known; "": none
};

// All lines of the family, without its HELP and TYPE.
void append_series(std::string& text, const metrics::Family& family, const LineStyle& style);

}  // namespace expose
