#include "discover/find_targets.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "discover/match_service.hpp"

namespace discover {
std::vector<std::string> services_of(const std::vector<config::Service>& services, const Process& process) {
  std::vector<std::string> names;
  for (const config::Service& service : services) {
    if (matches(service.match, process)) {
      names.push_back(service.name);
    }
  }
  return names;
}

std::optional<Process> look_at(const ProcFs& proc, const std::vector<config::Service>& services, pid_t pid) {
  const bool with_environment = std::ranges::any_of(
      services, [](const config::Service& service) { return !service.match.env.empty(); });
  return proc.process(pid, with_environment);
}

std::vector<Target> find_targets(const std::vector<config::Service>& services, const ProcFs& proc,
                                 pid_t self) {
  std::map<FileId, Target> by_file;
  std::map<FileId, std::uint32_t> strangers;
  for (const pid_t pid : proc.pids()) {
    std::optional<Process> process = pid == self ? std::nullopt : look_at(proc, services, pid);
    if (!process) {
      continue;
    }
    std::vector<std::string> names = services_of(services, *process);
    if (names.empty()) {
      ++strangers[process->binary.file()];
      continue;
    }
    const auto [found, is_new] = by_file.try_emplace(process->binary.file());
    Target& target = found->second;
    if (is_new) {
      target = {
          .binary = process->binary, .exe = process->exe, .open_path = proc.exe_path(pid), .members = {}};
    }
    target.members.push_back({.process = std::move(*process), .services = std::move(names)});
  }
  std::vector<Target> targets;
  targets.reserve(by_file.size());
  for (auto& [file, target] : by_file) {
    target.strangers = strangers[file];
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace discover
