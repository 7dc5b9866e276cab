// Breakpoints: a loaded program at instructions of a file, for every process that runs it or for one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

struct LinkOptions {
  std::string open_path;         // opens the file
  std::optional<pid_t> process;  // none: every process, now or later
  bool uprobe_multi = false;     // one link for all sites; else a perf event for each
};

// Closing a link detaches it; so does the kernel when the exporter dies. All sites or none.
[[nodiscard]] base::Result<std::vector<base::UniqueFd>> link_sites(int program,
                                                                   std::span<const plan::Site> sites,
                                                                   const LinkOptions& options);

}  // namespace attach
