// Runs a shell command on a text, for tests that ask an independent program.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temp_dir.hpp"

namespace support {

struct CommandResult {
  int status = 0;      // the exit code; 127 where the program is missing
  std::string output;  // stdout and stderr
};

inline CommandResult run_command(const std::string& command, std::string_view input = "") {
  const TempDir dir;
  const std::string in = dir.write("in", input);
  const std::string out = dir.write("out", "");
  const int status = std::system(("(" + command + ") < " + in + " > " + out + " 2>&1").c_str());
  std::ifstream file(out, std::ios::binary);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .output = std::string(std::istreambuf_iterator<char>(file), {})};
}

}  // namespace support
