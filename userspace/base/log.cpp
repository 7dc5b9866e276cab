#include "base/log.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <iterator>

#include "base/utf8.hpp"

namespace base {
namespace {

// By LogLevel.
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

// RFC 3339 in UTC with milliseconds.
std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), milliseconds);
}

// A string literal that both JSON and logfmt readers take. `text` is valid UTF-8.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          line += c;
        }
    }
  }
  line += '"';
}

bool is_plain_in_logfmt(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

void append_logfmt(std::string& line, const LogField& field) {
  if (!line.empty()) {
    line += ' ';
  }
  line += field.key;
  line += '=';
  const std::string text = to_valid_utf8(field.value);
  if (is_plain_in_logfmt(text)) {
    line += text;
  } else {
    append_quoted(line, text);
  }
}

bool is_json_number(std::string_view text) {  // "nan" and "inf" are not
  return text == "true" || text == "false" ||
         text.find_first_not_of("0123456789+-.e") == std::string_view::npos;
}

void append_json(std::string& line, const LogField& field) {
  line += line.empty() ? "{\"" : ",\"";
  line += field.key;
  line += "\":";
  if (!field.quoted && is_json_number(field.value)) {
    line += field.value;
  } else {
    append_quoted(line, to_valid_utf8(field.value));
  }
}

// Whether all of it could be written.
bool write_all(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  const auto* found = std::ranges::find(kLevelNames, text);
  if (found == kLevelNames.end()) {
    return fail(ErrorCode::kInvalidConfig, "log level \"{}\": write debug, info, warn or error", text);
  }
  return static_cast<LogLevel>(found - kLevelNames.begin());
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "logfmt") {
    return LogFormat::kLogfmt;
  }
  if (text == "json") {
    return LogFormat::kJson;
  }
  return fail(ErrorCode::kInvalidConfig, "log format \"{}\": write logfmt or json", text);
}

void Logger::write(LogLevel level, std::string_view message, Fields fields) {
  if (level < options_.level) {
    return;
  }
  const bool json = options_.format == LogFormat::kJson;
  const auto append = json ? append_json : append_logfmt;
  std::string line;
  append(line, {"time", timestamp(clock_->wall_now())});
  append(line, {"level", kLevelNames.at(static_cast<std::size_t>(level))});
  append(line, {"msg", message});
  for (const LogField& field : fields) {
    append(line, field);
  }
  line += json ? "}\n" : "\n";
  const std::lock_guard lock(one_line_at_a_time_);
  if (!write_all(options_.fd, line)) {
    ++lost_lines_;
  }
}

}  // namespace base
