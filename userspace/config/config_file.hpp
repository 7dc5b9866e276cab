// probes.yaml, and whether it has changed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/file_state.hpp"
#include "config/probe_config.hpp"

namespace config {

class ConfigFile {
 public:
  explicit ConfigFile(std::string path) : path_(std::move(path)) {}

  // A text that is in no file and never changes; `name` is for messages.
  ConfigFile(std::string name, std::string text) : path_(std::move(name)), text_(std::move(text)) {}

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
  [[nodiscard]] base::Result<Loaded> parse(const std::string& text) const;

  std::string path_;
  std::optional<std::string> text_;
  FileState loaded_;
  FileState last_;  // at the last has_changed()
};

}  // namespace config
