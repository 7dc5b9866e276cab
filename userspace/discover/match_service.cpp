#include "discover/match_service.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/glob.hpp"

namespace discover {
namespace {

// An argument as Go's flag package reads it: -name, --name, -name=value and --name=value are flags.
struct Flag {
  std::string_view name;
  std::optional<std::string_view> value;
};

std::optional<Flag> parse_flag(std::string_view argument) {
  if (!argument.starts_with('-')) {
    return std::nullopt;
  }
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  if (argument.empty() || argument.starts_with('-') || argument.starts_with('=')) {
    return std::nullopt;
  }
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) {
    return Flag{.name = argument, .value = std::nullopt};
  }
  return Flag{.name = argument.substr(0, equals), .value = argument.substr(equals + 1)};
}

// How many arguments the front of each side takes where the two fronts say the same.
struct Step {
  std::size_t wanted = 0;
  std::size_t actual = 0;
};

using Arguments = std::span<const std::string>;

// A flag and its value as one argument or as two.
std::optional<Step> same_flag(const Flag& wanted, const Flag& actual, Arguments wanted_rest,
                              Arguments actual_rest) {
  if (wanted.name != actual.name) {
    return std::nullopt;
  }
  if (wanted.value == actual.value) {
    return Step{.wanted = 1, .actual = 1};
  }
  if (actual.value && !wanted.value && !wanted_rest.empty() && wanted_rest.front() == *actual.value) {
    return Step{.wanted = 2, .actual = 1};
  }
  if (wanted.value && !actual.value && !actual_rest.empty() && actual_rest.front() == *wanted.value) {
    return Step{.wanted = 1, .actual = 2};
  }
  return std::nullopt;
}

// Both sides are not empty.
std::optional<Step> same_front(Arguments wanted, Arguments actual) {
  if (wanted.front() == actual.front()) {
    return Step{.wanted = 1, .actual = 1};
  }
  const std::optional<Flag> wanted_flag = parse_flag(wanted.front());
  const std::optional<Flag> actual_flag = parse_flag(actual.front());
  if (!wanted_flag || !actual_flag) {
    return std::nullopt;
  }
  return same_flag(*wanted_flag, *actual_flag, wanted.subspan(1), actual.subspan(1));
}

bool starts_with(Arguments actual, Arguments wanted) {
  while (!wanted.empty()) {
    const std::optional<Step> step = actual.empty() ? std::nullopt : same_front(wanted, actual);
    if (!step) {
      return false;
    }
    wanted = wanted.subspan(step->wanted);
    actual = actual.subspan(step->actual);
  }
  return true;
}

bool contains(Arguments actual, Arguments wanted) {
  for (std::size_t start = 0; start <= actual.size(); ++start) {
    if (starts_with(actual.subspan(start), wanted)) {
      return true;
    }
  }
  return false;
}

bool has_variables(const Process& process, const std::map<std::string, std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& variable) {
    const auto found = process.environment.find(variable.first);
    return found != process.environment.end() && base::path_glob_matches(variable.second, found->second);
  });
}

}  // namespace

bool matches(const config::ProcessMatch& match, const Process& process) {
  if (match == config::ProcessMatch{}) {
    return false;
  }
  return (match.exe.empty() || base::path_glob_matches(match.exe, process.exe)) &&
         contains(process.arguments, match.args) && has_variables(process, match.env);
}

bool may_match_exe(const std::vector<config::Service>& services, std::string_view exe) {
  return std::ranges::any_of(services, [&](const config::Service& service) {
    return service.match.exe.empty() || base::path_glob_matches(service.match.exe, exe);
  });
}

std::optional<std::vector<std::string>> possible_file_names(const std::vector<config::Service>& services) {
  std::vector<std::string> names;
  for (const config::Service& service : services) {
    const std::string& exe = service.match.exe;
    // Without a slash: from the beginning. What is in braces may have a slash of its own.
    std::string name = exe.substr(exe.rfind('/') + 1);
    if (name.empty() || name.find_first_of("*{},") != std::string::npos) {
      return std::nullopt;
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace discover
