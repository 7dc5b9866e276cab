// Log lines for people and machines, one per event:
//
//   base::Logger log(clock, {.level = base::LogLevel::kInfo});
//   log.info("attached", {{"probe", name}, {"sites", sites.size()}});
//   -> time=2026-01-02T03:04:05.678Z level=info msg=attached probe=logic.login sites=3
//
// There is no global logger: the few who log are given one.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

// "debug", "info", "warn" or "error".
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);
// "logfmt" or "json".
[[nodiscard]] Result<LogFormat> parse_log_format(std::string_view text);

template <class T>
concept LogNumber = (std::integral<T> || std::floating_point<T>) && !std::same_as<T, bool>;

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}

  LogField(std::string_view name, const char* text) : key(name), value(text) {}

  LogField(std::string_view name, std::same_as<bool> auto flag)
      : key(name), value(flag ? "true" : "false"), quoted(false) {}

  LogField(std::string_view name, LogNumber auto number)
      : key(name), value(fmt::to_string(number)), quoted(false) {}

  std::string_view key;  // [a-z_]+, written as it is
  std::string value;
  bool quoted = true;  // a string in JSON
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
  int fd = 2;  // not owned
};

// May be used by many threads at once; each event is one write. A line that cannot be written is dropped and
// counted: a full disk must not stop the exporter.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  // `clock` outlives the logger.
  explicit Logger(const Clock& clock, LogOptions options = {}) : clock_(&clock), options_(options) {}

  void debug(std::string_view message, Fields fields = {}) { write(LogLevel::kDebug, message, fields); }

  void info(std::string_view message, Fields fields = {}) { write(LogLevel::kInfo, message, fields); }

  void warn(std::string_view message, Fields fields = {}) { write(LogLevel::kWarn, message, fields); }

  void error(std::string_view message, Fields fields = {}) { write(LogLevel::kError, message, fields); }

  // Lines that were dropped.
  [[nodiscard]] std::uint64_t lost_lines() const { return lost_lines_; }

 private:
  void write(LogLevel level, std::string_view message, Fields fields);

  const Clock* clock_;  // owned by the caller
  LogOptions options_;
  std::mutex one_line_at_a_time_;
  std::atomic<std::uint64_t> lost_lines_ = 0;
};

}  // namespace base
