#include "plan/match/match_functions.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/glob.hpp"
#include "config/label_parts.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/match/brace_alternatives.hpp"
#include "plan/match/nearest_functions.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::BinaryFacts;
using inspect::Function;

namespace {

constexpr std::size_t kMostFunctions = 200;

// "F.func1", "M-fm", "F.gowrap2": made by the compiler. A pattern means one only if it says so.
bool is_made_by_compiler(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  return last.starts_with("func") || last.starts_with("gowrap") || last.starts_with("deferwrap") ||
         last.ends_with("-fm") || (!last.empty() && last.front() >= '0' && last.front() <= '9');
}

bool pattern_matches(std::string_view pattern, bool is_glob, const std::string& name) {
  if (!is_glob) {
    return name == pattern ||
           (name.find('[') != std::string::npos && without_type_arguments(name) == pattern);
  }
  if (is_made_by_compiler(name) && !is_made_by_compiler(pattern)) {
    return false;
  }
  return base::glob_matches(pattern, name) ||
         (name.find('[') != std::string::npos && base::glob_matches(pattern, without_type_arguments(name)));
}

// Of several functions with one name (ABI0 and ABIInternal) the one that Go code calls.
bool is_better(const Function& candidate, const Function& known) {
  const auto rank = [](const Function& function) {
    return (function.assembly ? 2 : 0) + (function.wrapper ? 1 : 0);
  };
  return rank(candidate) < rank(known);
}

bool is_generic(std::string_view name) {
  return name.find('[') != std::string_view::npos;
}

// Instantiations of a generic function have one name in the tables of Go 1.18 to 1.20, "F[...]". Their
// wrappers, which interfaces call, are left to add_wrappers.
std::vector<std::uint32_t> functions_matching(const BinaryFacts& facts, std::string_view pattern) {
  const bool is_glob = base::is_glob(pattern);
  std::vector<std::uint32_t> found;
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::uint32_t i = 0; i < facts.functions.size(); ++i) {
    const Function& function = facts.functions[i];
    if (!pattern_matches(pattern, is_glob, function.name) ||
        (function.wrapper && (is_glob || is_generic(function.name)))) {
      continue;
    }
    if (is_generic(function.name)) {
      found.push_back(i);
      continue;
    }
    const auto [known, is_new] = by_name.emplace(function.name, found.size());
    if (is_new) {
      found.push_back(i);
    } else if (is_better(function, facts.functions[found[known->second]])) {
      found[known->second] = i;
    }
  }
  return found;
}

// Whether `caller` is what interfaces call instead of the method `name`: (*T).M of T.M, or a method of a
// generic type that passes the dictionary.
bool is_wrapper_of(std::string_view caller, std::string_view name) {
  const std::string plain = without_type_arguments(caller);
  return plain == pointer_wrapper_of(without_type_arguments(name)) ||
         (is_generic(name) && plain == without_type_arguments(name));
}

// Calls of a method through an interface run a wrapper, which often holds a copy of the body.
void add_wrappers(const BinaryFacts& facts, MatchedFunctions& matched) {
  std::set<std::string> wrappers;
  for (const std::uint32_t index : matched.functions) {
    const auto details = facts.details.find(index);
    if (details == facts.details.end()) {
      continue;
    }
    std::ranges::copy_if(
        details->second.inlined_into, std::inserter(wrappers, wrappers.end()),
        [&](const std::string& caller) { return is_wrapper_of(caller, facts.functions[index].name); });
  }
  for (const std::string& wrapper : wrappers) {
    bool is_new = false;
    for (std::uint32_t i = 0; i < facts.functions.size(); ++i) {
      if (facts.functions[i].name == wrapper &&
          std::ranges::find(matched.functions, i) == matched.functions.end()) {
        matched.functions.push_back(i);
        is_new = true;
      }
    }
    if (is_new) {
      matched.notes.push_back(fmt::format("{} holds a copy of the method and is probed too", wrapper));
    }
  }
}

// Where no method has a body of its own, every call is one of its wrappers.
void use_wrappers_instead(const BinaryFacts& facts, const std::string& pattern, MatchedFunctions& matched) {
  const std::string wrapper = pointer_wrapper_of(pattern);
  for (std::uint32_t i = 0; i < facts.functions.size(); ++i) {
    const Function& function = facts.functions[i];
    const bool is_wrapper =
        is_generic(function.name) && function.wrapper && without_type_arguments(function.name) == pattern;
    if (is_wrapper || (!wrapper.empty() && pattern_matches(wrapper, false, function.name))) {
      matched.functions.push_back(i);
      matched.notes.push_back(fmt::format("{} is not there; {}, through which interfaces call it, is probed",
                                          pattern, function.name));
    }
  }
}

void add_inlined(const BinaryFacts& facts, const std::string& pattern, MatchedFunctions& matched) {
  const bool is_glob = base::is_glob(pattern);
  for (const auto& [name, copies] : facts.inlined_copies) {
    if (pattern_matches(pattern, is_glob, name)) {
      matched.inlined.push_back(name);
    }
  }
}

std::string quoted_list(std::span<const std::string> names, const char* separator) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}{}", list.empty() ? "" : separator, name);
  }
  return list;
}

std::string hint_of(const BinaryFacts& facts, const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 3;
  std::vector<std::string> nearest;
  for (const std::string& name : names) {
    for (std::string& one : nearest_functions(facts, name)) {
      if (nearest.size() < kMostNames && std::ranges::find(nearest, one) == nearest.end()) {
        nearest.push_back(std::move(one));
      }
    }
  }
  return nearest.empty() ? "" : fmt::format("; nearest: {}", quoted_list(nearest, ", "));
}

// Of {a,b}, one may be misspelt and the other hide it.
void find_alternatives_without_match(const BinaryFacts& facts, const std::string& pattern,
                                     MatchedFunctions& matched) {
  const std::vector<std::string> alternatives = brace_alternatives(pattern);
  if (alternatives.size() == 1) {
    return;
  }
  for (const std::string& alternative : alternatives) {
    const bool is_glob = base::is_glob(alternative);
    const auto fits = [&](const std::string& name) { return pattern_matches(alternative, is_glob, name); };
    if (std::ranges::none_of(matched.functions,
                             [&](std::uint32_t index) { return fits(facts.functions[index].name); }) &&
        std::ranges::none_of(matched.inlined, fits)) {
      matched.missing.push_back(
          fmt::format("no function {} in this binary{}", alternative, hint_of(facts, {alternative})));
    }
  }
}

Result<MatchedFunctions> match_one(const BinaryFacts& facts, const std::string& pattern, bool with_inlined) {
  MatchedFunctions matched;
  matched.functions = functions_matching(facts, pattern);
  if (matched.functions.size() > kMostFunctions) {
    return fail(ErrorCode::kUnsupported, "{} matches {} functions, more than {}; make it narrower", pattern,
                matched.functions.size(), kMostFunctions);
  }
  add_wrappers(facts, matched);
  if (with_inlined) {
    add_inlined(facts, pattern, matched);
  }
  if (matched.functions.empty()) {
    use_wrappers_instead(facts, pattern, matched);
  }
  if (!matched.functions.empty() || !matched.inlined.empty()) {
    find_alternatives_without_match(facts, pattern, matched);
  }
  return matched;
}

base::Error nothing_matches(const BinaryFacts& facts, std::span<const std::string> alternatives) {
  for (const std::string& name : alternatives) {
    if (const auto inlined = facts.inlined_only.find(plain_function_name(name));
        inlined != facts.inlined_only.end()) {
      return {ErrorCode::kNotFound, fmt::format("every call of {} is inlined (in {} functions), so it has no "
                                                "code of its own to probe; probe a caller, or "
                                                "count its calls with inlined: true",
                                                name, inlined->second)};
    }
  }
  const std::string hint = hint_of(facts, brace_alternatives(alternatives.front()));
  return {ErrorCode::kNotFound,
          fmt::format("no function {} in this binary{}", quoted_list(alternatives, " or "), hint)};
}

// Names and patterns of the config, asked for each function of a binary.
class NameSet {
 public:
  void add(const std::vector<std::string>& functions) {
    for (const std::string& written : functions) {
      const std::string function = plain_function_name(written);
      if (base::is_glob(function)) {
        globs_.push_back(function);
        continue;
      }
      names_.insert(function);
      if (std::string wrapper = pointer_wrapper_of(function); !wrapper.empty()) {
        names_.insert(std::move(wrapper));
      }
    }
  }

  [[nodiscard]] bool empty() const { return names_.empty() && globs_.empty(); }

  bool operator()(std::string_view name) const {
    return names_.contains(std::string(name)) ||
           (is_generic(name) && names_.contains(without_type_arguments(name))) ||
           std::ranges::any_of(globs_, [&](const std::string& glob) {
             return pattern_matches(glob, true, std::string(name));
           });
  }

 private:
  std::unordered_set<std::string> names_;
  std::vector<std::string> globs_;
};

}  // namespace

Result<MatchedFunctions> match_functions(const BinaryFacts& facts, std::span<const std::string> alternatives,
                                         bool with_inlined) {
  for (const std::string& written : alternatives) {
    ASSIGN_OR_RETURN(MatchedFunctions matched, match_one(facts, plain_function_name(written), with_inlined));
    if (!matched.functions.empty() || !matched.inlined.empty()) {
      return matched;
    }
  }
  if (alternatives.empty()) {
    return fail(ErrorCode::kInvalidConfig, "no function is named");
  }
  return std::unexpected(nothing_matches(facts, alternatives));
}

std::vector<inspect::InlinedCopy> copies_of(const BinaryFacts& facts, const std::string& name) {
  std::vector<inspect::InlinedCopy> copies;
  if (const auto found = facts.inlined_copies.find(name); found != facts.inlined_copies.end()) {
    std::ranges::copy_if(found->second, std::back_inserter(copies),
                         [&](const inspect::InlinedCopy& copy) { return !is_wrapper_of(copy.caller, name); });
  }
  return copies;
}

std::vector<std::string> holders_of_copies(const BinaryFacts& facts, std::uint32_t function) {
  std::vector<std::string> holders = facts.details.at(function).inlined_into;
  std::erase_if(holders, [&](const std::string& holder) {
    return is_wrapper_of(holder, facts.functions[function].name);
  });
  return holders;
}

inspect::Wanted wanted_functions(const config::ProbeConfig& config) {
  NameSet details;
  details.add({"runtime.recovery", "runtime.Goexit"});
  NameSet inlined;
  for (const config::Service& service : config.services) {
    for (const config::IdentityLabel& label : service.identity) {
      details.add(label.functions);
    }
  }
  for (const config::Probe& probe : config.probes) {
    details.add(probe.functions);
    if (probe.inlined) {
      inlined.add(probe.functions);
    }
    for (const config::Label& label : probe.labels) {
      for (const config::ValueLabel* const value : config::values_of(label)) {
        if (value->within) {
          details.add(value->within->functions);
        }
      }
    }
  }
  inspect::Wanted wanted;
  wanted.details = std::move(details);
  if (!inlined.empty()) {
    wanted.inlined_copies = std::move(inlined);
  }
  return wanted;
}

}  // namespace plan
