// The instructions that stacks of one binary lead to. There are few different ones, so after the first walk
// the binary is hardly opened again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/mapped_file.hpp"
#include "inspect/go/go_unwind.hpp"

namespace units {

class CodePlaces {
 public:
  // Where the binary is found until close(): /proc/PID/exe of a process that runs it.
  void open(std::string path) { path_ = std::move(path); }

  void close();

  // None: not an instruction of the binary, or the binary cannot be read (it is gone, or was truncated).
  [[nodiscard]] std::optional<inspect::CodePlace> at(inspect::VirtualAddress instruction);

 private:
  struct Opened {
    base::MappedFile file;
    inspect::GoUnwind unwind;
  };

  void open_now();

  std::string path_;
  std::optional<Opened> opened_;
  std::unordered_map<std::uint64_t, std::optional<inspect::CodePlace>> known_;
};

}  // namespace units
