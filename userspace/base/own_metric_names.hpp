// Which names of metrics are the exporter's own.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace base {

// What the names of all metrics about the exporter itself begin with; no other metric's name may.
inline constexpr std::array<std::string_view, 2> kOwnMetricPrefixes{"uprobe_exporter_", "process_"};

[[nodiscard]] constexpr bool is_own_metric_name(std::string_view name) {
  return std::ranges::any_of(kOwnMetricPrefixes,
                             [name](std::string_view prefix) { return name.starts_with(prefix); });
}

// A name of the exporter's own; any other does not compile.
class OwnMetricName {
 public:
  consteval OwnMetricName(const char* name) : name_(name) {  // NOLINT(google-explicit-constructor)
    if (!is_own_metric_name(name)) {
      throw "not one of kOwnMetricPrefixes";
    }
  }

  [[nodiscard]] constexpr const char* text() const { return name_; }

 private:
  const char* name_;
};

}  // namespace base
