#include "discover/own_pid_namespace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "discover/proc_fs.hpp"

namespace discover {
namespace {

// 0: it has none that is seen here.
pid_t parent_of(const std::string& proc_root, pid_t process) {
  std::ifstream file(fmt::format("{}/{}/stat", proc_root, process));
  std::string line;
  std::getline(file, line);
  // The name may have spaces and parentheses: "7 (a) b) S 1 ..."
  const std::size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) {
    return 0;
  }
  std::istringstream fields(line.substr(after_name + 1));
  char state = 0;
  pid_t parent = 0;
  fields >> state >> parent;
  return parent;
}

}  // namespace

bool is_alone(const std::string& proc_root, pid_t self) {
  std::set<pid_t> ours;
  for (pid_t process = self; process != 0 && ours.insert(process).second;) {
    process = parent_of(proc_root, process);
  }
  return std::ranges::all_of(ProcFs(proc_root).pids(), [&](pid_t process) { return ours.contains(process); });
}

}  // namespace discover
