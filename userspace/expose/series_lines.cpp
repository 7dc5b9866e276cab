#include "expose/series_lines.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <limits>

#include "expose/number_text.hpp"

namespace expose {
namespace {

// `name="value"` pairs with commas between them.
std::string label_pairs(const metrics::Family& family, const metrics::Series& series) {
  std::string pairs;
  for (std::size_t i = 0; i < family.labels.size(); ++i) {
    fmt::format_to(std::back_inserter(pairs), "{}{}=\"{}\"", i == 0 ? "" : ",", family.labels[i],
                   escaped(series.labels.at(i), true));
  }
  return pairs;
}

void append_line(std::string& text, std::string_view name, std::string_view suffix, std::string_view pairs,
                 std::string_view value) {
  text += name;
  text += suffix;
  if (!pairs.empty()) {
    text += '{';
    text += pairs;
    text += '}';
  }
  text += ' ';
  text += value;
  text += '\n';
}

void append_histogram(std::string& text, const metrics::Family& family, const metrics::Series& series,
                      const LineStyle& style) {
  const std::string pairs = label_pairs(family, series);
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    const double bound =
        i < family.bounds.size() ? family.bounds[i] : std::numeric_limits<double>::infinity();
    const std::string with_bound =
        fmt::format("{}{}le=\"{}\"", pairs, pairs.empty() ? "" : ",", style.bound_text(bound));
    append_line(text, family.name, "_bucket", with_bound, fmt::to_string(series.buckets[i]));
  }
  const bool may_go_down = series.number < 0 || (!family.bounds.empty() && family.bounds.front() < 0);
  if (style.sums_that_go_down || !may_go_down) {
    append_line(text, family.name, "_sum", pairs, number_text(series.number));
    append_line(text, family.name, "_count", pairs, fmt::to_string(series.buckets.back()));
  }
}

void append_created(std::string& text, std::string_view family_name, const metrics::Family& family,
                    const metrics::Series& series) {
  if (series.created != 0) {
    append_line(text, family_name, "_created", label_pairs(family, series), number_text(series.created));
  }
}

}  // namespace

std::string escaped(std::string_view text, bool quotes) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && quotes)) {
      result += '\\';
    }
    result += c;
  }
  return result;
}

void append_series(std::string& text, const metrics::Family& family, const LineStyle& style) {
  for (const metrics::Series& series : family.series) {
    if (family.kind == metrics::FamilyKind::kHistogram) {
      append_histogram(text, family, series, style);
    } else {
      append_line(text, family.name, "", label_pairs(family, series), number_text(series.number));
    }
    if (!style.created_of.empty()) {
      append_created(text, style.created_of, family, series);
    }
  }
}

}  // namespace expose
