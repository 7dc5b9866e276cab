#include "config/prometheus_names.hpp"

#include <algorithm>
#include <array>

namespace config {
namespace {

bool is_plain_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_plain_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto may_begin = [](char c) { return is_plain_letter(c) || c == ':'; };
  return !name.empty() && may_begin(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return may_begin(c) || is_plain_digit(c); });
}

bool is_label_name(std::string_view name) {
  return !name.empty() && is_plain_letter(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return is_plain_letter(c) || is_plain_digit(c); });
}

bool is_scrape_metric_name(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{"up",
                                                    "scrape_duration_seconds",
                                                    "scrape_samples_post_metric_relabeling",
                                                    "scrape_samples_scraped",
                                                    "scrape_series_added",
                                                    "scrape_timeout_seconds",
                                                    "scrape_sample_limit",
                                                    "scrape_body_size_bytes",
                                                    "ALERTS",
                                                    "ALERTS_FOR_STATE"};
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace config
