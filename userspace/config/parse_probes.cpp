#include "config/parse_probes.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/find_by_name.hpp"
#include "base/nearest_name.hpp"
#include "config/parse_functions.hpp"
#include "config/parse_labels.hpp"
#include "config/parse_records.hpp"

namespace config {
namespace {

// `server.(*GRPCServer).Serve` of a full path; what stands in a type argument's brackets is not looked at.
std::string short_function_name(const std::string& function) {
  const std::size_t slash = std::string_view(function).substr(0, function.find('[')).find_last_of('/');
  return slash == std::string_view::npos ? function : function.substr(slash + 1);
}

std::string default_name(const Probe& probe) {
  return fmt::format("{}/{}", fmt::join(probe.services, "+"),
                     probe.functions.empty() ? "" : short_function_name(probe.functions.front()));
}

// A scalar, or those of a list.
std::vector<const YamlNode*> scalars_of(const YamlNode* node) {
  std::vector<const YamlNode*> scalars;
  if (node != nullptr && node->kind == YamlNode::Kind::kScalar) {
    scalars.push_back(node);
  }
  if (node != nullptr && node->kind == YamlNode::Kind::kSequence) {
    for (const YamlNode& item : node->items) {
      if (item.kind == YamlNode::Kind::kScalar) {
        scalars.push_back(&item);
      }
    }
  }
  return scalars;
}

// Gives names to the probes that have none: "logic/server.(*GRPCServer).Serve", and the same with #2.
void name_probes(std::vector<Probe>& probes) {
  std::set<std::string> taken;
  for (const Probe& probe : probes) {
    taken.insert(probe.name);
  }
  std::map<std::string, int> copies;
  for (Probe& probe : probes) {
    if (!probe.name.empty()) {
      continue;
    }
    const std::string base = default_name(probe);
    int& number = copies[base];
    do {
      ++number;
      probe.name = number == 1 ? base : fmt::format("{}#{}", base, number);
    } while (!taken.insert(probe.name).second);
  }
}

// Reads one entry of the list.
class ProbeReader {
 public:
  ProbeReader(const YamlNode* node, const std::vector<Service>* services, const YamlReader* reader)
      : node_(node), services_(services), reader_(reader), owner_(owner_of(*node)) {}

  Probe read(const std::vector<Metric>& metrics, bool& records_complete) const;

 private:
  static std::string owner_of(const YamlNode& node);
  void read_name(Probe& probe) const;
  void read_services(Probe& probe) const;
  void read_functions(Probe& probe) const;

  [[nodiscard]] const YamlNode* find(std::string_view key) const { return find_value(*node_, key); }

  [[nodiscard]] Field field(std::string_view key) const { return {owner_, std::string(key)}; }

  const YamlNode* node_;                  // the caller's
  const std::vector<Service>* services_;  // the caller's; none: a preset's probe, which has no service
  const YamlReader* reader_;              // the caller's
  std::string owner_;
};

// `probe "its name"`, also before the name is read.
std::string ProbeReader::owner_of(const YamlNode& node) {
  Probe probe;
  if (const std::vector<const YamlNode*> names = scalars_of(find_value(node, "name")); !names.empty()) {
    return fmt::format("probe \"{}\"", names.front()->text);
  }
  for (const YamlNode* const service : scalars_of(find_value(node, "service"))) {
    probe.services.push_back(service->text);
  }
  for (const YamlNode* const function : scalars_of(find_value(node, "function"))) {
    probe.functions.push_back(function->text);
  }
  return probe.services.empty() || probe.functions.empty() ? "probe"
                                                           : fmt::format("probe \"{}\"", default_name(probe));
}

Probe ProbeReader::read(const std::vector<Metric>& metrics, bool& records_complete) const {
  Probe probe;
  probe.position = node_->position;
  if (!reader_->expect_mapping(
          *node_, owner_,
          {"name", "service", "function", "signature", "when", "outermost", "inlined", "labels", "record"})) {
    records_complete = false;
    return probe;
  }
  read_name(probe);
  read_services(probe);
  read_functions(probe);
  if (const YamlNode* const when = find("when")) {
    probe.when = reader_->expression(*when, field("when"));
  }
  if (const YamlNode* const outermost = find("outermost")) {
    probe.outermost = reader_->boolean(*outermost, field("outermost")).value_or(false);
  }
  if (const YamlNode* const inlined = find("inlined")) {
    probe.inlined = reader_->boolean(*inlined, field("inlined")).value_or(false);
  }
  if (const YamlNode* const labels = find("labels")) {
    probe.labels = parse_labels(*labels, owner_, *reader_);
  }
  const YamlNode* const record = reader_->require(*node_, owner_, "record", "[name of a metric]");
  ParsedRecords parsed =
      record == nullptr ? ParsedRecords{{}, false} : parse_records(*record, owner_, metrics, *reader_);
  probe.records = std::move(parsed.records);
  records_complete = records_complete && parsed.is_complete;
  return probe;
}

void ProbeReader::read_name(Probe& probe) const {
  const YamlNode* const name = find("name");
  if (name == nullptr) {
    return;
  }
  probe.name = reader_->text(*name, field("name")).value_or("");
  if (probe.name.empty() && name->kind == YamlNode::Kind::kScalar) {
    reader_->problems().add(name->position, "{}: \"name\" is empty; write text, or leave it out", owner_);
  }
}

void ProbeReader::read_services(Probe& probe) const {
  if (services_ == nullptr) {
    return;
  }
  const YamlNode* const service = reader_->require(*node_, owner_, "service", "name of a service");
  if (service == nullptr) {
    return;
  }
  const std::vector<std::string> known = names_of(*services_);
  for (LocatedText& name : reader_->text_or_texts(*service, field("service"))) {
    if (std::ranges::find(known, name.text) == known.end()) {
      reader_->problems().add(name.position, "{}: service \"{}\" is not defined; defined: {}{}", owner_,
                              name.text, fmt::join(known, ", "), base::did_you_mean(name.text, known));
    } else if (std::ranges::find(probe.services, name.text) != probe.services.end()) {
      reader_->problems().add(name.position, "{}: service \"{}\" stands twice; a service stands once", owner_,
                              name.text);
      continue;
    }
    probe.services.push_back(std::move(name.text));
  }
}

void ProbeReader::read_functions(Probe& probe) const {
  if (const YamlNode* const function =
          reader_->require(*node_, owner_, "function", "example.com/shop/cart.(*Cart).Add")) {
    probe.functions = parse_functions(*function, field("function"), Patterns::kAllowed, *reader_);
  }
  probe.signature = parse_optional_signature(*node_, owner_, *reader_);
}

}  // namespace

ParsedProbes parse_probes(const YamlNode& node, const std::vector<Service>& services,
                          const std::vector<Metric>& metrics, const YamlReader& reader) {
  ParsedProbes parsed;
  if (node.kind != YamlNode::Kind::kSequence) {
    reader.problems().add(node.position,
                          R"("probes" is {}; it must be a list, each entry beginning with "- ")",
                          description_of(node));
    parsed.records_complete = false;
    return parsed;
  }
  for (const YamlNode& item : node.items) {
    if (reader.problems().are_enough()) {
      break;
    }
    parsed.probes.push_back(ProbeReader(&item, &services, &reader).read(metrics, parsed.records_complete));
  }
  name_probes(parsed.probes);
  return parsed;
}

std::vector<Probe> parse_preset_probes(const YamlNode& node, const std::vector<std::string>& services,
                                       const std::vector<Metric>& metrics, const YamlReader& reader) {
  std::vector<Probe> probes;
  for (const YamlNode& item : node.items) {
    bool records_complete = true;
    Probe probe = ProbeReader(&item, nullptr, &reader).read(metrics, records_complete);
    probe.services = services;
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace config
