#include "expose/text_format.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "expose/number_text.hpp"
#include "expose/series_lines.hpp"

namespace expose {
namespace {

std::string_view type_name(metrics::FamilyKind kind) {
  switch (kind) {
    case metrics::FamilyKind::kCounter:
      return "counter";
    case metrics::FamilyKind::kGauge:
      return "gauge";
    case metrics::FamilyKind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

std::string text_format(const metrics::Snapshot& snapshot) {
  std::string text;
  for (const metrics::Family& family : snapshot.families) {
    if (!family.help.empty()) {
      fmt::format_to(std::back_inserter(text), "# HELP {} {}\n", family.name, escaped(family.help, false));
    }
    fmt::format_to(std::back_inserter(text), "# TYPE {} {}\n", family.name, type_name(family.kind));
    append_series(text, family, {.bound_text = number_text});
  }
  return text;
}

}  // namespace expose
