#include "config/parse_budget.hpp"

#include <algorithm>

namespace config {
namespace {

// Of one core; no machine has more.
constexpr double kMostCores = 4096;

std::optional<double> parse_cores(const YamlNode& node, const std::string& owner, const YamlReader& reader) {
  const std::optional<double> cores = reader.number(node, {owner, "cores"});
  if (cores && !(*cores > 0 && *cores <= kMostCores)) {
    reader.problems().add(node.position,
                          "{}: \"cores\" is {}; it must be a share of a core above 0 and up to {}, like 0.05",
                          owner, *cores, kMostCores);
    return std::nullopt;
  }
  return cores;
}

}  // namespace

Budget parse_budget(const YamlNode& node, const YamlReader& reader) {
  const std::string owner = "budget";
  Budget budget;
  if (!reader.expect_mapping(node, owner, {"cores", "window", "retry_after"})) {
    return budget;
  }
  if (const YamlNode* const cores = find_value(node, "cores")) {
    budget.cores = parse_cores(*cores, owner, reader);
  }
  if (const YamlNode* const window = find_value(node, "window")) {
    budget.window = reader.duration(*window, {owner, "window"}).value_or(budget.window);
  }
  if (const YamlNode* const retry = find_value(node, "retry_after")) {
    budget.retry_after = reader.duration(*retry, {owner, "retry_after"}).value_or(budget.retry_after);
  }
  return budget;
}

void expect_limit(const YamlNode& budget, const YamlNode* services, const YamlReader& reader) {
  // A budget of a service has cores, or its own problem.
  const auto has_budget = [](const YamlEntry& service) {
    return find_value(service.value, "budget") != nullptr;
  };
  if (budget.kind != YamlNode::Kind::kMapping || find_value(budget, "cores") != nullptr ||
      (services != nullptr && std::ranges::any_of(services->entries, has_budget))) {
    return;
  }
  reader.problems().add(budget.position,
                        "budget limits nothing: neither it nor the budget of a service has \"cores\"; write "
                        "cores: 0.05 here or in a service, or remove it");
}

std::optional<double> parse_service_budget(const YamlNode& node, const std::string& owner,
                                           const YamlReader& reader) {
  const std::string part = owner + ": budget";
  if (!reader.expect_mapping(node, part, {"cores"})) {
    return std::nullopt;
  }
  const YamlNode* const cores = reader.require(node, part, "cores", "0.05");
  return cores == nullptr ? std::nullopt : parse_cores(*cores, part, reader);
}

}  // namespace config
