#include "plan/output/propose_probes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>

#include "base/plural.hpp"
#include "config/parse_expression.hpp"
#include "plan/compile/compile_expression.hpp"
#include "plan/compile/store_label.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/language/read_function.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/output/list_functions.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::BinaryFacts;
using inspect::Function;
using inspect::FunctionDetails;
using inspect::Type;
using inspect::TypeKind;

constexpr std::size_t kMostFunctions = 20;
constexpr std::size_t kMostFields = 30;

// "processInboundClientMsg" -> "process_inbound_client_msg", "GetURL" -> "get_url".
std::string snake_case(std::string_view name) {
  const auto is = [&](int (*kind)(int), std::size_t i) {
    return i < name.size() && kind(static_cast<unsigned char>(name[i])) != 0;
  };
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto character = static_cast<unsigned char>(name[i]);
    if (std::isalnum(character) == 0) {
      text += text.empty() || text.ends_with('_') ? "" : "_";
      continue;
    }
    // Of "HTTPServer", the second word begins before what is small.
    const bool begins_word = is(std::isupper, i) && (!is(std::isupper, i - 1) || is(std::islower, i + 1));
    if (begins_word && !text.empty() && !text.ends_with('_')) {
      text += '_';
    }
    text += static_cast<char>(std::tolower(character));
  }
  while (text.ends_with('_')) {
    text.pop_back();
  }
  return text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) != 0 ? "f_" + text : text;
}

// "cart_order" of "example.com/shop/cart.(*Cart).Order"; of a function the package stands before it.
std::string metric_name(const std::string& function, const TypeLookup& types) {
  const FunctionName name =
      parse_function_name(function, [&](std::string_view path) { return types.has_package(path); });
  const std::string package = name.package.substr(name.package.find_last_of('/') + 1);
  return snake_case(name.receiver.empty() ? package : name.receiver) + "_" + snake_case(name.name);
}

// Of what one usually wants to tell calls apart by.
bool is_likely_name(std::string_view name) {
  constexpr std::array<std::string_view, 16> kNames = {
      "method", "kind",    "type", "status", "code",   "op",     "operation", "topic",
      "table",  "command", "cmd",  "state",  "reason", "result", "queue",     "mode"};
  const std::string lower = snake_case(name);
  return std::ranges::any_of(kNames, [&](std::string_view word) {
    return lower == word || lower.ends_with("_" + std::string(word));
  });
}

bool has_few_values(const Type& type) {
  const bool is_small = (type.kind == TypeKind::kInt || type.kind == TypeKind::kUint) && type.size == 1;
  return type.kind == TypeKind::kBool || is_small;
}

bool is_basic(const Type& type) {
  return type.kind == TypeKind::kBool || type.kind == TypeKind::kInt || type.kind == TypeKind::kUint ||
         type.kind == TypeKind::kString;
}

// Finds what can be read of one function.
class LabelFinder {
 public:
  LabelFinder(const BinaryFacts* facts, TypeLookup* types, const FunctionScope* scope)
      : facts_(facts), types_(types), scope_(scope) {}

  std::vector<ProposedLabel> find() {
    const FunctionSignature& signature = scope_->signature();
    for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
      const SignatureParameter& parameter = signature.parameters[i];
      const bool is_named = !parameter.name.empty() && parameter.name != "_";
      add_value(is_named ? parameter.name : fmt::format("arg{}", i), parameter.type, false);
    }
    if (signature.receiver) {
      add_fields("recv", signature.receiver->type, false);
    }
    for (std::size_t i = 0; i < signature.results.size(); ++i) {
      add_value(fmt::format("ret{}", i), signature.results[i].type, true);
    }
    return std::move(labels_);
  }

 private:
  // A number, text or condition; the fields of a struct; nothing of others.
  void add_value(const std::string& expression, inspect::TypeId id, bool at_return) {
    const Type& type = (*types_)[id];
    if (is_basic(type)) {
      add(expression, type, at_return);
    } else if (type.kind == TypeKind::kSlice && (*types_)[type.element].kind == TypeKind::kUint &&
               (*types_)[type.element].size == 1) {
      add(fmt::format("string({})", expression), type, at_return);
    } else {
      add_fields(expression, id, at_return);
    }
  }

  void add_fields(const std::string& expression, inspect::TypeId id, bool at_return) {
    const Type& type = (*types_)[id];
    const bool is_pointer = type.kind == TypeKind::kPointer && type.element != inspect::TypeId::kNone;
    const Type& behind = is_pointer ? (*types_)[type.element] : type;
    if (behind.kind != TypeKind::kStruct) {
      return;
    }
    std::size_t count = 0;
    for (const inspect::Field& field : behind.fields) {
      if (count < kMostFields && field.name != "_" && field.type != inspect::TypeId::kNone &&
          is_basic((*types_)[field.type])) {
        add(expression + "." + field.name, (*types_)[field.type], at_return);
        ++count;
      }
    }
  }

  void add(const std::string& expression, const Type& type, bool at_return) {
    if (!compiles(expression, at_return)) {
      return;
    }
    std::string last = expression.substr(expression.find_last_of('.') + 1);
    if (last.starts_with("string(")) {
      last = last.substr(7, last.size() - 8);
    }
    ProposedLabel label;
    label.name = unique(snake_case(last));
    label.expression = expression;
    label.type = type.name;
    const bool is_given = !expression.contains('.');
    label.is_likely =
        !at_return && (is_given ? has_few_values(type) || is_likely_name(last) : is_likely_name(last));
    labels_.push_back(std::move(label));
  }

  std::string unique(const std::string& name) {
    // `service` and `status` are taken; `le` is a histogram's.
    std::string candidate = name == "service" || name == "status" || name == "le" ? name + "_value" : name;
    for (int number = 2; !names_.insert(candidate).second; ++number) {
      candidate = fmt::format("{}_{}", name, number);
    }
    return candidate;
  }

  // Whether a label can be made of it: what a proposal says must work.
  bool compiles(const std::string& expression, bool at_return) {
    const auto parsed = config::parse_expression(expression);
    if (!parsed) {
      return false;
    }
    PhaseGraphs graphs;
    OperationGraph& graph = at_return ? graphs.leave : graphs.enter;
    ExpressionCompiler compiler(
        scope_, types_, facts_, &graphs, &graph,
        at_return ? ExpressionCompiler::Moment::kReturn : ExpressionCompiler::Moment::kEntry);
    constexpr std::uint32_t kLength = 64;
    const Result<Value> value = compiler.evaluate_basic(*parsed);
    return value && store_label(graph, *types_, *value, 0, {.max_length = kLength}, Presence::kWhereNeeded)
                        .has_value();
  }

  const BinaryFacts* facts_;  // the caller's, as all pointers here
  TypeLookup* types_;
  const FunctionScope* scope_;
  std::vector<ProposedLabel> labels_;
  std::set<std::string> names_;
};

// The condition under which a call has failed, from its last result.
std::string failure_of(const FunctionSignature& signature, const TypeLookup& types) {
  if (!signature.complete || signature.results.empty() || !signature.results.back().unknown.empty()) {
    return "";
  }
  const Type& last = types[signature.results.back().type];
  return last.name == "error" ? fmt::format("panicked || ret{} != nil", signature.results.size() - 1) : "";
}

ProposedProbe propose(const BinaryFacts& facts, TypeLookup& types, const Function& function,
                      const FunctionDetails& details) {
  ProposedProbe probe;
  probe.function = function.name;
  probe.metric = metric_name(function.name, types);
  probe.has_duration = details.no_returns.empty() && !details.return_sites.empty();
  if (!details.inlined_into.empty()) {
    probe.remark =
        fmt::format("also inlined in {}: those calls are not seen (a counter with inlined: true sees them)",
                    base::plural(details.inlined_into.size(), "caller"));
  }
  const auto scope = read_function(facts, types, function, details, std::nullopt);
  if (!scope) {
    probe.remark = scope.error().message;
    return probe;
  }
  if (!scope->signature().complete) {
    probe.remark = scope->signature().unknown_because;
  }
  probe.failed = probe.has_duration ? failure_of(scope->signature(), types) : "";
  probe.labels = LabelFinder(&facts, &types, &*scope).find();
  if (!probe.has_duration) {
    std::erase_if(probe.labels,
                  [](const ProposedLabel& label) { return label.expression.starts_with("ret"); });
  }
  return probe;
}

// Functions of one name in two packages must not share their metrics.
void name_apart(std::vector<ProposedProbe>& probes) {
  std::set<std::string> taken;
  for (ProposedProbe& probe : probes) {
    const std::string name = probe.metric;
    for (int number = 2; !taken.insert(probe.metric).second; ++number) {
      probe.metric = fmt::format("{}_{}", name, number);
    }
  }
}

bool is_name(const BinaryFacts& facts, const std::string& pattern) {
  return facts.inlined_only.contains(pattern) || std::ranges::any_of(facts.details, [&](const auto& entry) {
           return facts.functions[entry.first].name == pattern;
         });
}

// Everything below a line of YAML that is read as text.
std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string in_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string metrics_of(const ProposedProbe& probe) {
  std::vector<std::string> labels;
  for (const ProposedLabel& label : probe.labels) {
    if (label.is_likely) {
      labels.push_back(label.name);
    }
  }
  const std::string without_status = fmt::format("{}", fmt::join(labels, ", "));
  if (!probe.failed.empty()) {
    labels.emplace_back("status");
  }
  const std::string short_name(short_function_name(probe.function));
  std::string text = fmt::format("  {}_total: {{ type: counter, help: {}, labels: [{}] }}\n", probe.metric,
                                 quoted("Calls of " + short_name + "."), fmt::join(labels, ", "));
  if (probe.has_duration) {
    text += fmt::format(
        "  {}_duration_seconds: {{ type: histogram, help: {}, unit: s, labels: [{}], buckets: *buckets }}\n",
        probe.metric, quoted("Time in " + short_name + "."), without_status);
  }
  return text;
}

std::string labels_of(const ProposedProbe& probe) {
  std::string text;
  const bool has_labels =
      !probe.failed.empty() || std::ranges::any_of(probe.labels, &ProposedLabel::is_likely);
  if (has_labels) {
    text += "    labels:\n";
  } else if (!probe.labels.empty()) {
    text += "    # labels:\n";
  }
  if (!probe.failed.empty()) {
    text += fmt::format("      status: {{ error: '{}', else: ok }}\n", probe.failed);
  }
  bool has_said = false;
  for (const ProposedLabel& label : probe.labels) {
    if (label.is_likely) {
      text += fmt::format("      {}: {}\n", label.name, label.expression);
    }
  }
  for (const ProposedLabel& label : probe.labels) {
    if (!label.is_likely) {
      text += has_said ? "" : "    # More that can be read; add the name to the labels of the metric, too:\n";
      has_said = true;
      text += fmt::format("    #   {}: {}    # {}\n", label.name, label.expression, label.type);
    }
  }
  return text;
}

}  // namespace

Result<std::vector<ProposedProbe>> propose_probes(const BinaryFacts& facts,
                                                  std::span<const std::string> patterns) {
  TypeLookup types(facts.types);
  std::vector<ProposedProbe> probes;
  std::set<std::string> done;
  for (const std::string& pattern : patterns) {
    const bool is_exact = is_name(facts, pattern);
    // Closures are probed by those who know why.
    const auto is_meant = [&](const std::string& name) {
      return is_exact ? name == pattern
                      : is_listed(std::span(&pattern, 1), name) &&
                            (!name.contains(".func") || pattern.contains("func"));
    };
    const std::size_t before = done.size();
    for (const auto& [index, details] : facts.details) {
      const Function& function = facts.functions[index];
      if (!is_meant(function.name) || !done.insert(function.name).second) {
        continue;
      }
      if (!details.unusable.empty() || !details.entry_site) {
        return fail(ErrorCode::kUnsupported, "{} cannot be probed: {}", function.name,
                    details.unusable.empty() ? "the instruction that allocates its frame was not found"
                                             : details.unusable);
      }
      probes.push_back(propose(facts, types, function, details));
    }
    for (const auto& [name, callers] : facts.inlined_only) {
      if (is_meant(name) && done.insert(name).second) {
        probes.push_back({.function = name,
                          .metric = metric_name(name, types),
                          .failed = "",
                          .is_inlined = true,
                          .remark = "inlined everywhere: its calls can be counted, and nothing else",
                          .labels = {}});
      }
    }
    if (done.size() == before) {
      return fail(ErrorCode::kNotFound,
                  "no function is meant by \"{}\"; uprobe_exporter functions lists what there is", pattern);
    }
  }
  name_apart(probes);
  if (probes.size() > kMostFunctions) {
    return fail(ErrorCode::kUnsupported, "{} functions are meant, more than {}; name those that matter",
                probes.size(), kMostFunctions);
  }
  return probes;
}

std::string print_proposal(const std::string& service, std::span<const ProposedProbe> probes) {
  std::string text = "metrics:\n";
  std::string anchor = "&buckets [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]";
  for (const ProposedProbe& probe : probes) {
    std::string metrics = metrics_of(probe);
    if (const std::size_t at = metrics.find("*buckets"); at != std::string::npos && !anchor.empty()) {
      metrics.replace(at, std::string_view("*buckets").size(), anchor);
      anchor.clear();
    }
    text += metrics;
  }
  text += "\nprobes:\n";
  for (const ProposedProbe& probe : probes) {
    text += probe.remark.empty() ? "" : fmt::format("  # {}\n", in_one_line(probe.remark));
    text += fmt::format("  - service: {}\n    function: {}\n", service, quoted(probe.function));
    text += probe.is_inlined ? "    inlined: true\n" : "";
    text += labels_of(probe);
    text += fmt::format("    record: [{}_total{}]\n", probe.metric,
                        probe.has_duration ? fmt::format(", {}_duration_seconds", probe.metric) : "");
  }
  return text;
}

}  // namespace plan
