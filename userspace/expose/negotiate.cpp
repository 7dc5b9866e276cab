#include "expose/negotiate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/letters.hpp"

namespace expose {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  return end > start ? text.substr(start, end - start) : std::string_view();
}

// Cuts at `separator` outside of double quotes; parts are trimmed.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && !quoted)) {
      parts.push_back(trim(text.substr(start, i - start)));
      start = i + 1;
    } else if (text[i] == '"') {
      quoted = !quoted;
    }
  }
  return parts;
}

// One alternative of an Accept header: "text/plain;version=0.0.4;q=0.5".
struct Choice {
  std::string value;  // "text/plain", lower case
  std::vector<std::pair<std::string, std::string>> parameters;
  double quality = 1;

  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const {
    const auto found = std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
    return found == parameters.end() ? std::nullopt : std::optional(found->second);
  }
};

// A quality that is no number between 0 and 1 makes its alternative unwanted.
double parse_quality(std::string_view text) {
  double quality = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  const bool valid = error == std::errc() && end == text.data() + text.size() && quality >= 0 && quality <= 1;
  return valid ? quality : 0;
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

Choice parse_choice(std::string_view text) {
  Choice choice;
  const std::vector<std::string_view> parts = split(text, ';');
  choice.value = base::lower_case(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = std::min(parts[i].find('='), parts[i].size());
    std::string name = base::lower_case(trim(parts[i].substr(0, equals)));
    const std::string_view value = unquoted(trim(parts[i].substr(std::min(equals + 1, parts[i].size()))));
    if (name == "q") {
      choice.quality = parse_quality(value);
    } else {
      choice.parameters.emplace_back(std::move(name), value);
    }
  }
  return choice;
}

std::vector<Choice> parse_choices(std::string_view header) {
  std::vector<Choice> choices;
  for (const std::string_view part : split(header, ',')) {
    if (!part.empty()) {
      choices.push_back(parse_choice(part));
    }
  }
  return choices;
}

// The format that answers `choice`, if we have it.
std::optional<Format> format_for(const Choice& choice) {
  const std::optional<std::string> version = choice.parameter("version");
  if (choice.value == "application/openmetrics-text" && (!version || version == "1.0.0")) {
    return Format::kOpenMetrics;
  }
  if (choice.value == "text/plain" && (!version || version == "0.0.4")) {
    return Format::kText;
  }
  if (choice.value == "*/*" || choice.value == "text/*") {
    return Format::kText;
  }
  return std::nullopt;
}

// Names in all our metrics are plain, so whatever escaping of others the client asked for holds already; it
// is told so because Prometheus 3 asks.
std::string content_type_for(Format format, const Choice* choice) {
  std::string type = format == Format::kOpenMetrics
                         ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                         : "text/plain; version=0.0.4; charset=utf-8";
  const std::optional<std::string> escaping =
      choice != nullptr ? choice->parameter("escaping") : std::nullopt;
  constexpr std::array<std::string_view, 4> kKnown = {"allow-utf-8", "underscores", "dots", "values"};
  if (format == Format::kOpenMetrics && escaping && std::ranges::find(kKnown, *escaping) != kKnown.end()) {
    type += "; escaping=" + *escaping;
  }
  return type;
}

bool accepts_gzip(std::string_view accept_encoding) {
  const std::vector<Choice> choices = parse_choices(accept_encoding);
  for (const std::string_view name : {"gzip", "x-gzip", "*"}) {
    if (const auto found = std::ranges::find(choices, name, &Choice::value); found != choices.end()) {
      return found->quality > 0;
    }
  }
  return false;
}

}  // namespace

Negotiated negotiate(std::string_view accept, std::string_view accept_encoding) {
  const std::vector<Choice> choices = parse_choices(accept);
  const Choice* best = nullptr;
  Format best_format = Format::kText;
  for (const Choice& choice : choices) {
    const std::optional<Format> format = format_for(choice);
    // Of equal ones the first wins.
    if (format && choice.quality > (best == nullptr ? 0 : best->quality)) {
      best = &choice;
      best_format = *format;
    }
  }
  return {.format = best_format,
          .content_type = content_type_for(best_format, best),
          .gzip = accepts_gzip(accept_encoding)};
}

}  // namespace expose
