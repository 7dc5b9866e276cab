#include "plan/language/go/function_name.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace plan {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// "func1", "gowrap2", "deferwrap1", "func1-range1", "2", "": what the compiler calls things without a name.
bool is_closure_part(std::string_view part) {
  part = part.substr(0, part.find('-'));
  for (const std::string_view prefix : {"func", "gowrap", "deferwrap"}) {
    if (part.starts_with(prefix) && is_digits(part.substr(prefix.size()))) {
      return true;
    }
  }
  return part.empty() || is_digits(part);
}

std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(dot + 1);
  }
}

// Where the package path ends: at the dot after which functions begin. Some paths have dots in their last
// element.
std::size_t package_end(std::string_view name, const std::function<bool(std::string_view)>& is_package) {
  const std::size_t start = name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1;
  const std::size_t receiver = name.find(".(", start);
  const std::size_t limit = receiver == std::string_view::npos ? name.size() : receiver + 1;
  for (std::size_t dot = name.find('.', start); dot < limit; dot = name.find('.', dot + 1)) {
    if (is_package(name.substr(0, dot))) {
      return dot;
    }
  }
  return receiver == std::string_view::npos ? name.find('.', start) : receiver;
}

void read_method(std::string_view rest, FunctionName& result) {
  const std::size_t close = rest.find(')');
  std::string_view receiver = rest.substr(1, close - 1);
  result.pointer_receiver = receiver.starts_with('*');
  receiver.remove_prefix(result.pointer_receiver ? 1 : 0);
  result.receiver = receiver;
  result.name =
      close == std::string_view::npos ? "" : std::string(rest.substr(std::min(close + 2, rest.size())));
  result.closure = result.name.find('.') != std::string::npos;
}

void read_plain(std::string_view rest, FunctionName& result) {
  const std::vector<std::string_view> parts = split_at_dots(rest);
  result.name = rest;
  if (parts.size() == 1) {
    return;
  }
  if (parts.size() == 2 && !is_closure_part(parts[1]) && parts[0] != "init" && parts[0] != "glob") {
    result.receiver = parts[0];
    result.name = parts[1];
    return;
  }
  result.closure = true;
}

}  // namespace

std::string without_type_arguments(std::string_view name) {
  std::string result;
  int depth = 0;
  for (const char c : name) {
    depth += c == '[' ? 1 : 0;
    if (depth == 0) {
      result += c;
    }
    depth -= c == ']' && depth > 0 ? 1 : 0;
  }
  return result;
}

std::string plain_function_name(std::string_view written) {
  constexpr std::string_view kDot = "%2e";
  constexpr std::string_view kAnyArguments = "[...]";
  std::string name(written);
  for (std::size_t at = name.find(kDot); at != std::string::npos; at = name.find(kDot, at)) {
    name.replace(at, kDot.size(), ".");
  }
  for (std::size_t at = name.find(kAnyArguments); at != std::string::npos;
       at = name.find(kAnyArguments, at)) {
    name.erase(at, kAnyArguments.size());
  }
  return name;
}

std::string_view short_function_name(std::string_view name) {
  const std::size_t slash = name.substr(0, name.find('[')).rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string pointer_wrapper_of(std::string_view name) {
  const std::size_t start = name.substr(0, name.find('[')).rfind('/') + 1;
  const std::string_view tail = name.substr(start);
  const std::size_t method = tail.rfind('.');
  if (tail.find('(') != std::string_view::npos || method == std::string_view::npos || method == 0) {
    return "";
  }
  const std::size_t type = tail.rfind('.', method - 1);
  if (type == std::string_view::npos || is_closure_part(tail.substr(method + 1))) {
    return "";
  }
  return std::string(name.substr(0, start + type + 1)) + "(*" +
         std::string(tail.substr(type + 1, method - type - 1)) + ")" + std::string(tail.substr(method));
}

FunctionName parse_function_name(std::string_view name,
                                 const std::function<bool(std::string_view)>& is_package) {
  FunctionName result;
  const std::string plain = without_type_arguments(name);
  result.generic = plain.size() != name.size();
  // "F[...]" up to Go 1.20, "F[go.shape.int]" since; "F[int]" is a wrapper that has no dictionary.
  result.has_dictionary = result.generic && (name.find("go.shape.") != std::string_view::npos ||
                                             name.find("[...]") != std::string_view::npos);
  const std::size_t end = package_end(plain, is_package);
  if (end == std::string::npos) {
    result.name = plain;
    return result;
  }
  result.package = plain.substr(0, end);
  const std::string_view rest = std::string_view(plain).substr(end + 1);
  if (rest.starts_with('(')) {
    read_method(rest, result);
  } else {
    read_plain(rest, result);
  }
  if (result.name.ends_with("-fm")) {
    result.closure = true;
  }
  return result;
}

}  // namespace plan
