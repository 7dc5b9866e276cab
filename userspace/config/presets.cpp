#include "config/presets.hpp"

#include <algorithm>
#include <iterator>

#include "base/nearest_name.hpp"

namespace config {
namespace {

bool is_meant(std::string_view preset, std::string_view name) {
  const std::string_view last = preset.substr(preset.find_last_of('/') + 1);
  return std::ranges::any_of(std::initializer_list{preset, last}, [name](std::string_view path) {
    return path == name || (path.starts_with(name) && path.substr(name.size()).starts_with('-'));
  });
}

}  // namespace

base::Result<std::vector<Preset>> find_presets(std::string_view name) {
  std::vector<Preset> found;
  std::ranges::copy_if(all_presets(), std::back_inserter(found),
                       [name](const Preset& preset) { return is_meant(preset.name, name); });
  if (!found.empty()) {
    return found;
  }
  std::vector<std::string> known;
  std::string list;
  for (const Preset& preset : all_presets()) {
    known.emplace_back(preset.name);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  return base::fail(base::ErrorCode::kInvalidConfig, "there is no preset \"{}\"; there are: {}{}", name, list,
                    base::did_you_mean(name, known));
}

}  // namespace config
