#include "attach/libbpf_log.hpp"

#include <bpf/libbpf.h>

#include <algorithm>
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
  // One message can be the whole log of the verifier.
  std::va_list measured;
  va_copy(measured, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, measured);
  va_end(measured);
  std::string message(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
  std::vsnprintf(message.data(), message.size(), format, arguments);
  collected->append(message.c_str());
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() {
  static thread_local std::string text;
  text.clear();
  collected = &text;
  libbpf_set_print(collect_message);
}

LibbpfLog::~LibbpfLog() {
  collected = nullptr;
}

std::string LibbpfLog::tail() const {
  return collected->size() <= kTailBytes ? *collected
                                         : "..." + collected->substr(collected->size() - kTailBytes);
}

}  // namespace attach
