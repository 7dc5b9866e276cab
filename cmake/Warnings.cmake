# Linked by every target of ours; third-party headers come as SYSTEM and stay quiet.
add_library(project_warnings INTERFACE)
# Designated initialisers leave out what is default on purpose.
target_compile_options(project_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Wundef
  -Wno-missing-field-initializers)
