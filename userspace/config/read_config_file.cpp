#include "config/read_config_file.hpp"

#include <cerrno>
#include <fstream>

#include "config/read_yaml.hpp"

namespace config {

base::Result<std::string> read_config_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::fail_errno(errno, "opening config {}", path);
  }
  std::string text(kMaxConfigBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return base::fail_errno(errno, "reading config {}", path);
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace config
