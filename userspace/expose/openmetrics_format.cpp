#include "expose/openmetrics_format.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "expose/number_text.hpp"
#include "expose/series_lines.hpp"

namespace expose {
namespace {

constexpr std::string_view kTotal = "_total";

bool is_proper_counter(const metrics::Family& family) {
  return family.kind == metrics::FamilyKind::kCounter && family.name.ends_with(kTotal) &&
         family.name.size() > kTotal.size();
}

std::string_view type_name(const metrics::Family& family) {
  switch (family.kind) {
    case metrics::FamilyKind::kCounter:
      return is_proper_counter(family) ? "counter" : "unknown";
    case metrics::FamilyKind::kGauge:
      return "gauge";
    case metrics::FamilyKind::kHistogram:
      return "histogram";
  }
  return "unknown";
}

// A counter's family is called without the _total that its samples carry.
std::string_view family_name(const metrics::Family& family) {
  std::string_view name = family.name;
  if (is_proper_counter(family)) {
    name.remove_suffix(kTotal.size());
  }
  return name;
}

void append_metadata(std::string& text, const metrics::Family& family) {
  const std::string_view name = family_name(family);
  fmt::format_to(std::back_inserter(text), "# TYPE {} {}\n", name, type_name(family));
  if (!family.unit.empty() && name.ends_with("_" + family.unit)) {
    fmt::format_to(std::back_inserter(text), "# UNIT {} {}\n", name, family.unit);
  }
  if (!family.help.empty()) {
    fmt::format_to(std::back_inserter(text), "# HELP {} {}\n", name, escaped(family.help, true));
  }
}

}  // namespace

std::string openmetrics_format(const metrics::Snapshot& snapshot) {
  std::string text;
  for (const metrics::Family& family : snapshot.families) {
    append_metadata(text, family);
    // The standard forbids a sum that can go down, and a _count without a _sum.
    const bool has_created = is_proper_counter(family) || family.kind == metrics::FamilyKind::kHistogram;
    append_series(text, family,
                  {.bound_text = float_text,
                   .sums_that_go_down = false,
                   .created_of = has_created ? family_name(family) : std::string_view{}});
  }
  text += "# EOF\n";
  return text;
}

}  // namespace expose
