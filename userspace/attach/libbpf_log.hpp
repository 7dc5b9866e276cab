// What libbpf says while a program is loaded, kept for the error message instead of printed.
#pragma once

#include <string>

namespace attach {

// Collects libbpf's warnings of this thread while it lives. Not nested.
class LibbpfLog {
 public:
  LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  LibbpfLog(LibbpfLog&&) = delete;
  LibbpfLog& operator=(LibbpfLog&&) = delete;
  ~LibbpfLog();

  // The last lines: the verifier's verdict stands at the end of a long log.
  [[nodiscard]] std::string tail() const;
};

}  // namespace attach
