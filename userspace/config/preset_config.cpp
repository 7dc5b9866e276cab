#include "config/preset_config.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

// What the name of a service can have beside letters and digits, but not at its ends.
constexpr std::string_view kOther = "-_.";

// In single quotes, where YAML knows no other escape than two of them.
std::string quoted(std::string_view text) {
  std::string inside;
  for (const char character : text) {
    inside += character == '\'' ? "''" : std::string(1, character);
  }
  return "'" + inside + "'";
}

std::string list_of(std::span<const std::string> texts) {
  std::string list;
  for (const std::string& text : texts) {
    list += (list.empty() ? "" : ", ") + quoted(text);
  }
  return "[" + list + "]";
}

std::string match_text(const ProcessMatch& match) {
  std::string text = match.exe.empty() ? "" : "exe: " + quoted(match.exe);
  if (!match.args.empty()) {
    text += (text.empty() ? "" : ", ") + fmt::format("args: {}", list_of(match.args));
  }
  std::string env;
  for (const auto& [name, glob] : match.env) {
    env += (env.empty() ? "" : ", ") + fmt::format("{}: {}", quoted(name), quoted(glob));
  }
  if (!env.empty()) {
    text += (text.empty() ? "" : ", ") + fmt::format("env: {{ {} }}", env);
  }
  return "{ " + text + " }";
}

}  // namespace

base::Result<> add_match(ProcessMatch& match, std::string_view text) {
  constexpr std::string_view kEnv = "env.";
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const std::string value(equals == std::string_view::npos ? "" : text.substr(equals + 1));
  if (!value.empty() && key == "exe" && match.exe.empty()) {
    match.exe = value;
  } else if (!value.empty() && key == "arg") {
    match.args.push_back(value);
  } else if (!value.empty() && key.starts_with(kEnv) && key.size() > kEnv.size()) {
    match.env.insert_or_assign(std::string(key.substr(kEnv.size())), value);
  } else {
    return base::fail(base::ErrorCode::kInvalidConfig,
                      "\"{}\" is none of exe=PATTERN (once), arg=TEXT and env.NAME=PATTERN", text);
  }
  return {};
}

std::string service_name_for(const ProcessMatch& match) {
  std::string name = match.exe.substr(match.exe.find_last_of('/') + 1);
  std::erase_if(name, [](char c) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return !is_alphanumeric && kOther.find(c) == std::string_view::npos;
  });
  const std::size_t first = name.find_first_not_of(kOther);
  const std::size_t last = name.find_last_not_of(kOther);
  return first == std::string::npos ? "service" : name.substr(first, last - first + 1);
}

std::string services_text(const std::string& service, const ProcessMatch& match,
                          std::span<const std::string> presets) {
  const std::string use = presets.empty() ? "" : fmt::format("    use: {}\n", list_of(presets));
  return fmt::format("services:\n  {}:\n    match: {}\n{}", service, match_text(match), use);
}

}  // namespace config
