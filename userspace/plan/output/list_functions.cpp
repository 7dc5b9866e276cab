#include "plan/output/list_functions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/glob.hpp"
#include "base/letters.hpp"
#include "base/plural.hpp"
#include "plan/language/read_function.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/machine/stepping.hpp"

namespace plan {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ListedFunction, name, signature, source, entry, is_stepped, returns,
                                   refused, inlined_into, is_inlined_everywhere)

namespace {

using inspect::BinaryFacts;
using inspect::FunctionDetails;

bool is_same_letter(char left, char right) {
  return base::lower_case(left) == base::lower_case(right);
}

bool is_part_of(std::string_view word, std::string_view name) {
  return std::ranges::search(name, word, is_same_letter).begin() != name.end();
}

// Import paths of the standard library have no dot in their first part; "main" is the program itself.
bool is_of_the_program(std::string_view name) {
  const std::string_view first = name.substr(0, std::min(name.find('/'), name.size()));
  return first.starts_with("main.") || (first.size() < name.size() && first.contains('.'));
}

std::string list_of(const std::vector<SignatureParameter>& parameters, const TypeLookup& types) {
  std::vector<std::string> texts;
  for (const SignatureParameter& parameter : parameters) {
    const std::string& type = types[parameter.type].name;
    texts.push_back(parameter.name.empty() ? type : fmt::format("{} {}", parameter.name, type));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string text_of(const FunctionSignature& signature, const TypeLookup& types) {
  const std::string results = list_of(signature.results, types);
  const bool is_bare = signature.results.size() == 1 && signature.results.front().name.empty();
  return fmt::format("({}){}", list_of(signature.parameters, types),
                     results.empty() ? "" : (is_bare ? " " + results : " (" + results + ")"));
}

void add_signature(ListedFunction& listed, const BinaryFacts& facts, TypeLookup& types,
                   const inspect::Function& function, const FunctionDetails& details) {
  const auto scope = read_function(facts, types, function, details, std::nullopt);
  if (!scope) {
    listed.source = scope.error().message;
    return;
  }
  const FunctionSignature& signature = scope->signature();
  listed.signature = signature.complete ? text_of(signature, types) : "";
  listed.source = signature.complete ? signature.source : signature.unknown_because;
}

void add_places(ListedFunction& listed, const BinaryFacts& facts, const FunctionDetails& details) {
  listed.inlined_into = details.inlined_into;
  listed.refused = details.unusable.empty() ? details.no_returns : details.unusable;
  if (details.entry_site && facts.checks_itself_at(*details.entry_site)) {
    listed.refused = "the program compares its code with a checksum at its start";
  }
  if (!details.unusable.empty() || !details.entry_site) {
    return;
  }
  listed.entry = details.entry_instruction;
  listed.is_stepped = !is_emulated(Site{.instruction = details.entry_instruction});
  listed.returns = details.return_sites.size();
}

std::string print_one(const ListedFunction& function) {
  std::string text = fmt::format("{}{}\n", function.name, function.signature);
  const auto add = [&text](const std::string& line) { text += "    " + line + "\n"; };
  if (function.is_inlined_everywhere) {
    add("inlined everywhere: a counter with inlined: true counts it");
    return text;
  }
  if (!function.source.empty()) {
    add(function.signature.empty() ? "types unknown: " + function.source : "types: " + function.source);
  }
  if (!function.refused.empty()) {
    add((function.entry.empty() ? "cannot be probed: " : "no durations and results: ") + function.refused);
  }
  if (!function.entry.empty()) {
    add(fmt::format("entry at {}{}, {}", function.entry, function.is_stepped ? " (single-stepped)" : "",
                    base::plural(function.returns, "return")));
  }
  if (!function.inlined_into.empty()) {
    add(fmt::format("also inlined in {}: {}", base::plural(function.inlined_into.size(), "caller"),
                    fmt::join(function.inlined_into, ", ")));
  }
  return text;
}

}  // namespace

bool is_listed(std::span<const std::string> patterns, std::string_view name) {
  if (patterns.empty()) {
    return is_of_the_program(name);
  }
  return std::ranges::any_of(patterns, [name](const std::string& pattern) {
    return base::is_glob(pattern) ? base::glob_matches(pattern, name) : is_part_of(pattern, name);
  });
}

inspect::Wanted wanted_for_list(std::span<const std::string> patterns) {
  return {.details = [patterns](std::string_view name) { return is_listed(patterns, name); },
          .inlined_copies = {}};
}

std::vector<ListedFunction> list_functions(const BinaryFacts& facts, std::span<const std::string> patterns) {
  TypeLookup types(facts.types);
  std::vector<ListedFunction> all;
  for (const auto& [index, details] : facts.details) {
    const inspect::Function& function = facts.functions[index];
    ListedFunction& listed = all.emplace_back();
    listed.name = function.name;
    add_signature(listed, facts, types, function, details);
    add_places(listed, facts, details);
  }
  for (const auto& [name, callers] : facts.inlined_only) {
    if (is_listed(patterns, name)) {
      ListedFunction& listed = all.emplace_back();
      listed.name = name;
      listed.is_inlined_everywhere = true;
    }
  }
  std::ranges::sort(all, {}, &ListedFunction::name);
  return all;
}

std::string print_functions(std::span<const ListedFunction> functions) {
  std::string text;
  for (const ListedFunction& function : functions) {
    text += print_one(function);
  }
  return text;
}

std::string functions_as_json(std::span<const ListedFunction> functions) {
  nlohmann::json all = nlohmann::json::array();
  for (const ListedFunction& function : functions) {
    all.push_back(function);
  }
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace plan
