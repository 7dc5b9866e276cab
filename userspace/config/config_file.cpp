#include "config/config_file.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "config/parse_config.hpp"
#include "config/read_config_file.hpp"
#include "config/warnings.hpp"

namespace config {
namespace {

// FNV-1a, which serves to tell texts apart.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

base::Result<ConfigFile::Loaded> ConfigFile::load() {
  if (text_) {
    return parse(*text_);
  }
  loaded_ = last_ = file_state(path_);
  ASSIGN_OR_RETURN(const std::string text, config::read_config_file(path_));
  return parse(text);
}

base::Result<ConfigFile::Loaded> ConfigFile::parse(const std::string& text) const {
  ASSIGN_OR_RETURN(ProbeConfig config, config::parse_config(text, path_));
  std::vector<std::string> warnings = config::warnings(config, path_);
  return Loaded{.config = std::move(config), .hash = hash_of(text), .warnings = std::move(warnings)};
}

bool ConfigFile::has_changed() {
  if (text_) {
    return false;
  }
  const FileState now = file_state(path_);
  return std::exchange(last_, now) == now && now != loaded_ && now != FileState{};
}

}  // namespace config
