#include "discover/target_table.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "discover/find_targets.hpp"
#include "discover/match_service.hpp"

namespace discover {
namespace {

pid_t pid_of(const Target::Member& member) {
  return member.process.pid;
}

}  // namespace

void TargetTable::look_at_all(const std::vector<config::Service>& services) {
  by_file_.clear();
  members_.clear();
  for (Target& target : find_targets(services, *proc_, self_)) {
    for (const Target::Member& member : target.members) {
      members_.emplace(pid_of(member), target.binary.file());
    }
    const FileId file = target.binary.file();
    by_file_.emplace(file, std::move(target));
  }
}

bool TargetTable::look_at(const std::vector<config::Service>& services, pid_t pid) {
  // Most processes are told by the name of their executable: one system call.
  const std::optional<std::string> exe = pid == self_ ? std::nullopt : proc_->exe(pid);
  if (!exe || !may_match_exe(services, *exe)) {
    return remove(pid);
  }
  std::optional<Process> process = discover::look_at(*proc_, services, pid);
  std::vector<std::string> names = process ? services_of(services, *process) : std::vector<std::string>{};
  if (names.empty()) {
    return remove(pid);
  }
  const auto known = by_file_.find(process->binary.file());
  if (known == by_file_.end() || known->second.binary != process->binary) {
    look_at_all(services);
    return true;
  }
  return add({.process = std::move(*process), .services = std::move(names)});
}

bool TargetTable::add(Target::Member member) {
  const pid_t pid = pid_of(member);
  const FileId file = member.process.binary.file();
  std::vector<Target::Member>& members = by_file_.at(file).members;
  const auto known = std::ranges::find(members, pid, pid_of);
  if (known != members.end() && *known == member) {
    return false;
  }
  remove(pid);
  members.insert(std::ranges::lower_bound(members, pid, {}, pid_of), std::move(member));
  members_.emplace(pid, file);
  return true;
}

bool TargetTable::remove(pid_t pid) {
  const auto known = members_.find(pid);
  if (known == members_.end()) {
    return false;
  }
  std::erase_if(by_file_.at(known->second).members,
                [&](const Target::Member& member) { return pid_of(member) == pid; });
  members_.erase(known);
  return true;
}

std::vector<Target> TargetTable::targets() const {
  std::vector<Target> targets;
  for (const auto& [binary, target] : by_file_) {
    if (!target.members.empty()) {
      targets.push_back(target);
      targets.back().open_path = proc_->exe_path(pid_of(target.members.front()));
    }
  }
  return targets;
}

}  // namespace discover
