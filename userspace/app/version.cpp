#include "app/version.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>

namespace app {

metrics::BuildInfo build_info() {
  return {.version = UPROBE_EXPORTER_VERSION,
          .revision = UPROBE_EXPORTER_REVISION,
          .compiler = fmt::format("g++ {}", __VERSION__),
          .libbpf = libbpf_version_string()};
}

std::string version_line() {
  const metrics::BuildInfo build = build_info();
  return fmt::format("uprobe_exporter, version {} (revision: {}; {}; libbpf {})", build.version,
                     build.revision, build.compiler, build.libbpf);
}

}  // namespace app
