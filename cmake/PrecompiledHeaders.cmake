# precompile_headers(TARGET CONTENTS): TARGET shares the headers that were compiled once for CONTENTS (stage or test), where
# UPROBE_EXPORTER_PRECOMPILE asks for it. Half of an unoptimised build is reading them.
set(PRECOMPILED_stage <algorithm> <array> <charconv> <chrono> <expected> <functional> <map> <memory> <optional> <set> <span>
    <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
set(PRECOMPILED_test ${PRECOMPILED_stage} <fmt/ranges.h> <gmock/gmock.h> <gtest/gtest.h>)
set(PRECOMPILED_LIBRARIES_stage fmt::fmt)
set(PRECOMPILED_LIBRARIES_test fmt::fmt GTest::gmock)

function(precompile_headers target contents)
  if(NOT UPROBE_EXPORTER_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET precompiled_${contents})
    set(unit ${CMAKE_BINARY_DIR}/precompiled_${contents}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "// Only what is included before it.\n")
    add_library(precompiled_${contents} OBJECT ${unit})
    target_link_libraries(precompiled_${contents} PRIVATE ${PRECOMPILED_LIBRARIES_${contents}})
    # Equal contents make an equal file, which ccache knows again.
    target_compile_options(precompiled_${contents} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(precompiled_${contents} PRIVATE ${PRECOMPILED_${contents}})
  endif()
  target_precompile_headers(${target} REUSE_FROM precompiled_${contents})
endfunction()
