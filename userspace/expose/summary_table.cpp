#include "expose/summary_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/plural.hpp"

namespace expose {
namespace {

using metrics::Family;
using metrics::FamilyKind;
using metrics::Series;

constexpr std::size_t kMostRows = 20;

double count_of(const Family& family, const Series& series) {
  return family.kind == FamilyKind::kHistogram
             ? static_cast<double>(series.buckets.empty() ? 0 : series.buckets.back())
             : series.number;
}

// As histogram_quantile(): evenly spread within a bucket, which begins at 0 if it is the first.
std::string quantile(const Family& family, const Series& series, double fraction) {
  const double rank = fraction * count_of(family, series);
  double below = 0;
  for (std::size_t i = 0; i < family.bounds.size(); ++i) {
    const auto upto = static_cast<double>(series.buckets[i]);
    if (upto >= rank && upto > below) {
      const double start = i == 0 ? std::min(0.0, family.bounds[0]) : family.bounds[i - 1];
      return fmt::format("{:.3g}", start + (family.bounds[i] - start) * (rank - below) / (upto - below));
    }
    below = upto;
  }
  return family.bounds.empty() ? "" : fmt::format(">{:.3g}", family.bounds.back());
}

using Row = std::vector<std::string>;

Row header_of(const Family& family) {
  Row row;
  switch (family.kind) {
    case FamilyKind::kHistogram:
      row = {"count", "per s", "mean", "p50", "p99"};
      break;
    case FamilyKind::kCounter:
      row = {"count", "per s"};
      break;
    case FamilyKind::kGauge:
      row = {"value"};
      break;
  }
  row.insert(row.end(), family.labels.begin(), family.labels.end());
  return row;
}

Row row_of(const Family& family, const Series& series, double seconds) {
  const double count = count_of(family, series);
  Row row = {fmt::format("{}", count)};
  if (family.kind != FamilyKind::kGauge) {
    row.push_back(fmt::format("{:.1f}", count / seconds));
  }
  if (family.kind == FamilyKind::kHistogram) {
    row.push_back(fmt::format("{:.3g}", series.number / count));
    row.push_back(quantile(family, series, 0.5));
    row.push_back(quantile(family, series, 0.99));
  }
  row.insert(row.end(), series.labels.begin(), series.labels.end());
  return row;
}

// Numbers to the right, labels to the left.
std::string print_rows(const std::vector<Row>& rows, std::size_t numbers) {
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const Row& other : rows) {
        width = std::max(width, other[i].size());
      }
      line += i < numbers ? fmt::format("  {:>{}}", row[i], width) : fmt::format("  {:<{}}", row[i], width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string print_family(const Family& family, double seconds) {
  std::vector<const Series*> series;
  for (const Series& one : family.series) {
    if (family.kind == FamilyKind::kGauge || count_of(family, one) > 0) {
      series.push_back(&one);
    }
  }
  if (series.empty()) {
    return "";
  }
  std::ranges::stable_sort(series, std::ranges::greater{},
                           [&](const Series* one) { return count_of(family, *one); });
  const Row header = header_of(family);
  std::vector<Row> rows = {header};
  for (std::size_t i = 0; i < std::min(series.size(), kMostRows); ++i) {
    rows.push_back(row_of(family, *series[i], seconds));
  }
  std::string text =
      fmt::format("\n{}{}: {}\n", family.name, family.unit.empty() ? "" : ", " + family.unit, family.help);
  text += print_rows(rows, header.size() - family.labels.size());
  if (series.size() > kMostRows) {
    text += fmt::format("  and {} more\n", series.size() - kMostRows);
  }
  return text;
}

}  // namespace

std::string summary_table(const metrics::Snapshot& snapshot, std::chrono::duration<double> watched) {
  std::string text;
  for (const Family& family : snapshot.families) {
    text += print_family(family, watched.count());
  }
  return text;
}

}  // namespace expose
