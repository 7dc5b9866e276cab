#include "attach/libbpf_log.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace attach {
namespace {

constexpr std::size_t kTailBytes = 2000;

// libbpf's print callback has no context argument.
thread_local std::string* collected = nullptr;

int collect_message(libbpf_print_level level, const char* format, std::va_list arguments) {
  if (collected == nullptr || level == LIBBPF_DEBUG) {
    return 0;
  }
  std::array<char, 8192> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  collected->append(line.data());
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() {
  static thread_local std::string text;
  text.clear();
  collected = &text;
  libbpf_set_print(collect_message);
}

LibbpfLog::~LibbpfLog() { collected = nullptr; }

std::string LibbpfLog::tail() const {
  return collected->size() <= kTailBytes ? *collected : "..." + collected->substr(collected->size() - kTailBytes);
}

}  // namespace attach
