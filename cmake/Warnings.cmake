# Linked by every target of ours; third-party headers come as SYSTEM and stay quiet.
add_library(project_warnings INTERFACE)
# Designated initialisers leave out what is default on purpose.
target_compile_options(project_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Wundef
  -Wno-missing-field-initializers)
# LIBBPF_OPTS is made of the first two, and GCC's own stable_partition calls what its standard deprecates: GCC does not mind.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(project_warnings INTERFACE -Wno-gnu-statement-expression -Wno-c99-extensions
                                                    -Wno-deprecated-declarations)
endif()
