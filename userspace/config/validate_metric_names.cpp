#include "config/validate_metric_names.hpp"

#include <map>
#include <string>
#include <string_view>

namespace config {
namespace {

constexpr std::string_view kTotal = "_total";

// The family's name in OpenMetrics, the samples' names in either format.
std::vector<std::string> names_on_page(const Metric& metric) {
  const std::string& name = metric.name;
  if (metric.kind == MetricKind::kHistogram) {
    return {name, name + "_bucket", name + "_count", name + "_sum", name + "_created"};
  }
  if (metric.kind == MetricKind::kCounter && name.ends_with(kTotal) && name.size() > kTotal.size()) {
    const std::string family = name.substr(0, name.size() - kTotal.size());
    return {name, family, family + "_created"};
  }
  return {name};
}

std::string_view word_of(MetricKind kind) {
  return kind == MetricKind::kCounter ? "counter" : kind == MetricKind::kHistogram ? "histogram" : "gauge";
}

void add_problem(const Metric& first, const Metric& second, const std::string& shared, Problems& problems) {
  if (shared != first.name && shared != second.name) {
    problems.add(second.position,
                 "metrics \"{}\" and \"{}\" both have a part named \"{}\"; rename one of them", first.name,
                 second.name, shared);
    return;
  }
  const Metric& named = shared == second.name ? second : first;
  const Metric& owner = shared == second.name ? first : second;
  if (owner.kind == MetricKind::kCounter && owner.name == shared + std::string(kTotal)) {
    problems.add(named.position,
                 "metric \"{}\" has the name that OpenMetrics gives to the counter \"{}\"; choose another",
                 named.name, owner.name);
    return;
  }
  problems.add(named.position, "metric \"{}\" has the name of a part of the {} \"{}\"; choose another",
               named.name, word_of(owner.kind), owner.name);
}

}  // namespace

void validate_metric_names(const std::vector<Metric>& metrics, Problems& problems) {
  std::map<std::string, const Metric*> owners;
  for (const Metric& metric : metrics) {
    for (const std::string& name : names_on_page(metric)) {
      const auto [owner, is_new] = owners.emplace(name, &metric);
      if (!is_new) {
        add_problem(*owner->second, metric, name, problems);
        break;  // one problem for each metric is enough
      }
    }
  }
}

}  // namespace config
