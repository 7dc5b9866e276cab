# The files of presets/ as a table in the program, so that one file is enough to run it.
function(embed_presets output)
  file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/presets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/presets/*.yaml)
  list(SORT files)
  set(entries "")
  set(count 0)
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/presets/${file})
    file(READ ${CMAKE_SOURCE_DIR}/presets/${file} text)
    string(REGEX REPLACE "\\.yaml$" "" name ${file})
    string(APPEND entries "    {\"${name}\", R\"preset(${text})preset\"},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT [[
#include "config/presets.hpp"

#include <array>

namespace config {

std::span<const Preset> all_presets() {
  static constexpr std::array<Preset, @count@> kPresets = {{
@entries@  }};
  return kPresets;
}

}  // namespace config
]])
endfunction()
