// probes.yaml, and whether it has changed.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/file_state.hpp"
#include "config/probe_config.hpp"

namespace config {

class ConfigFile {
 public:
  explicit ConfigFile(std::string path) : path_(std::move(path)) {}

  struct Loaded {
    ProbeConfig config;
    std::string hash;                   // of the text: 16 hexadecimal digits
    std::vector<std::string> warnings;  // as config::warnings()
  };

  // Errors as load_config(). What is there now has been seen then, be it right or wrong.
  [[nodiscard]] base::Result<Loaded> load();

  // Whether it is another one than at the last load(), and has been for two calls: one that is just being
  // written may be half there.
  [[nodiscard]] bool has_changed();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  FileState loaded_;
  FileState last_;  // at the last has_changed()
};

}  // namespace config
