#include "config/parse_services.hpp"

#include <algorithm>
#include <utility>

#include "config/parse_budget.hpp"
#include "config/parse_functions.hpp"
#include "config/presets.hpp"
#include "config/prometheus_names.hpp"

namespace config {
namespace {

// A service's name stands in the path /metrics/NAME.
bool is_service_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, is_part);
}

void parse_environment(const YamlNode& node, const std::string& owner, const YamlReader& reader,
                       ProcessMatch& match) {
  if (!reader.expect_names(node, {owner, "env"})) {
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::optional<std::string> glob = reader.text(entry.value, {owner, "env: " + entry.key.text})) {
      match.env.emplace(entry.key.text, std::move(*glob));
    }
  }
}

ProcessMatch parse_match(const YamlNode& node, const std::string& owner, const YamlReader& reader) {
  ProcessMatch match;
  if (!reader.expect_mapping(node, owner + ": match", {"exe", "args", "env"})) {
    return match;
  }
  if (node.entries.empty()) {
    reader.problems().add(node.position, "{}: \"match\" is empty; it needs at least one of exe, args, env",
                          owner);
  }
  if (const YamlNode* const exe = find_value(node, "exe")) {
    match.exe = reader.text(*exe, {owner, "exe"}).value_or("");
    if (exe->kind == YamlNode::Kind::kScalar && match.exe.empty()) {
      reader.problems().add(exe->position,
                            "{}: \"exe\" is empty; it must be a pattern for the path of the "
                            "executable, like \"*/shop\"",
                            owner);
    }
  }
  if (const YamlNode* const args = find_value(node, "args")) {
    for (LocatedText& argument : reader.texts(*args, {owner, "args"})) {
      match.args.push_back(std::move(argument.text));
    }
    if (args->kind == YamlNode::Kind::kSequence && args->items.empty()) {
      reader.problems().add(args->position,
                            "{}: \"args\" is an empty list; it must hold arguments, like "
                            "[\"-module\", \"cart\"]",
                            owner);
    }
  }
  if (const YamlNode* const env = find_value(node, "env")) {
    parse_environment(*env, owner, reader, match);
  }
  return match;
}

IdentityLabel parse_identity_label(const YamlEntry& entry, const std::string& service_owner,
                                   const YamlReader& reader) {
  IdentityLabel label;
  label.name = entry.key.text;
  label.position = entry.key.position;
  const std::string owner = fmt::format("{}: identity \"{}\"", service_owner, label.name);
  if (!is_label_name(label.name) || label.name == "service") {
    reader.problems().add(label.position,
                          "{}: a label has letters, digits and _, no digit first and no __, and is "
                          "not \"service\", which is the service's name",
                          owner);
  }
  if (!reader.expect_mapping(entry.value, owner, {"function", "signature", "value"})) {
    return label;
  }
  if (const YamlNode* const function =
          reader.require(entry.value, owner, "function", "example.com/shop/cart.(*Cart).Add")) {
    label.functions = parse_functions(*function, {owner, "function"}, Patterns::kRefused, reader);
  }
  label.signature = parse_optional_signature(entry.value, owner, reader);
  if (const YamlNode* const value = reader.require(entry.value, owner, "value", "recv.id")) {
    label.value = reader.expression(*value, {owner, "value"}).value_or(LocatedExpression{});
  }
  return label;
}

// Full names of the presets that the names in the file stand for.
std::vector<std::string> parse_use(const YamlNode& node, const std::string& owner, const YamlReader& reader) {
  std::vector<std::string> names;
  for (const LocatedText& name : reader.text_or_texts(node, {owner, "use"})) {
    const auto found = find_presets(name.text);
    if (!found) {
      reader.problems().add(name.position, "{}: {}", owner, found.error().message);
      continue;
    }
    for (const Preset& preset : *found) {
      if (std::ranges::find(names, preset.name) == names.end()) {
        names.emplace_back(preset.name);
      }
    }
  }
  return names;
}

Service parse_service(const YamlEntry& entry, const YamlReader& reader) {
  Service service;
  service.name = entry.key.text;
  service.position = entry.key.position;
  const std::string owner = fmt::format("service \"{}\"", service.name);
  if (!is_service_name(service.name)) {
    reader.problems().add(service.position, "{}: the name of a service has letters, digits, _, - and .",
                          owner);
  }
  if (!reader.expect_mapping(entry.value, owner, {"match", "use", "identity", "budget"})) {
    return service;
  }
  if (const YamlNode* const match = reader.require(entry.value, owner, "match", "{ exe: \"*/program\" }")) {
    service.match = parse_match(*match, owner, reader);
  }
  if (const YamlNode* const use = find_value(entry.value, "use")) {
    service.presets = parse_use(*use, owner, reader);
  }
  const YamlNode* const identity = find_value(entry.value, "identity");
  if (identity != nullptr && reader.expect_names(*identity, {owner, "identity"})) {
    for (const YamlEntry& label : identity->entries) {
      service.identity.push_back(parse_identity_label(label, owner, reader));
    }
  }
  if (const YamlNode* const budget = find_value(entry.value, "budget")) {
    service.budget_cores = parse_service_budget(*budget, owner, reader);
  }
  return service;
}

}  // namespace

std::vector<Service> parse_services(const YamlNode& node, const YamlReader& reader) {
  std::vector<Service> services;
  if (reader.expect_names(node, {"the file", "services"})) {
    for (const YamlEntry& entry : node.entries) {
      services.push_back(parse_service(entry, reader));
    }
  }
  return services;
}

}  // namespace config
