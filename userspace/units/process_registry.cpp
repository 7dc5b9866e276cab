#include "units/process_registry.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "collect/identities.hpp"
#include "collect/map_entries.hpp"
#include "discover/find_targets.hpp"
#include "units/process_labels.hpp"

namespace units {
namespace {

struct NumberedRecord {
  std::uint32_t number = 0;
  process_record record{};
};

base::Result<std::vector<NumberedRecord>> read_records(const attach::SharedMaps& maps) {
  std::vector<NumberedRecord> records;
  RETURN_IF_ERROR(
      collect::for_each_entry(maps.process_records.value(), sizeof(std::uint32_t), sizeof(process_record),
                              [&](collect::Bytes key, collect::Bytes value) {
                                NumberedRecord entry;
                                std::memcpy(&entry.number, key.data(), sizeof(entry.number));
                                std::memcpy(&entry.record, value.data(), sizeof(entry.record));
                                if (entry.record.tgid != 0) {  // else the kernel is still filling it in
                                  records.push_back(entry);
                                }
                              }));
  return records;
}

// argv as the kernel read it at the first hit: the process may have rewritten it since, or be gone.
std::vector<std::string> arguments_of(const process_record& record) {
  std::vector<std::string> arguments;
  std::string_view rest(record.arguments, std::min<std::size_t>(record.arguments_length, ABI_ARGUMENTS));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    arguments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return arguments;
}

// /proc has the start of a process in clock ticks.
bool is_start_of(const process_record& record, const discover::Process& process) {
  const std::uint64_t tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return record.start_time_ns / tick_ns == process.start_time_ticks;
}

}  // namespace

// For the kernel, and for the next exporter.
void ProcessRegistry::publish(const attach::SharedMaps& maps, const process_record& record,
                              std::uint32_t number, const std::vector<std::string>& services) const {
  const std::uint64_t bits = service_bits_->of(services);
  bpf_map_update_elem(maps.process_services.value(), &number, &bits, BPF_ANY);
  watch_->classify(record, number, bits);
}

pid_t Classifier::pid_of(const process_record& record) const {
  return static_cast<pid_t>(pid_namespace.inode == 0 ? record.tgid : record.pid);
}

collect::KnownProcess Classifier::classify(const attach::SharedMaps& maps, std::uint32_t number,
                                           const process_record& record,
                                           const std::vector<ProbedBinary>& binaries) const {
  collect::KnownProcess known;
  known.pid = pid_of(record);
  known.start_time_ns = record.start_time_ns;
  known.exited = record.exited != 0;
  auto process = known.exited ? std::nullopt : discover::look_at(*proc, *services, known.pid);
  // What is not in /proc any more, or is another image by now, has told all that it will.
  process_record latest = record;
  bpf_map_lookup_elem(maps.process_records.value(), &number, &latest);
  if (process && latest.exited == 0) {
    // One that was numbered before it was hit has none in its record; of long ones the record has the
    // beginning.
    if (latest.arguments_length != 0 && latest.arguments_length < ABI_ARGUMENTS) {
      process->arguments = arguments_of(latest);
    }
    known.binary = process->binary;
    known.services = discover::services_of(*services, *process);
    return known;
  }
  // The exporter before may have looked in time.
  std::uint64_t bits = 0;
  if (bpf_map_lookup_elem(maps.process_services.value(), &number, &bits) == 0) {
    known.services = service_bits->names_of(bits);
    return known;
  }
  // Outside of our pid namespace: a process that we do not see belongs to no service of ours.
  if (known.pid == 0) {
    return known;
  }
  // Gone already: it ran one of the probed binaries, and its argv says which service it was.
  for (const ProbedBinary& binary : binaries) {
    discover::Process gone;
    gone.exe = binary.exe;
    gone.arguments = arguments_of(latest);
    known.services = discover::services_of(*services, gone);
    if (!known.services.empty()) {
      known.binary = binary.id;
      break;
    }
  }
  return known;
}

base::Result<std::shared_ptr<const collect::ProcessTable>> latest_processes(
    std::shared_ptr<const collect::ProcessTable> known, const Classifier& classifier,
    const attach::SharedMaps& maps, const std::vector<ProbedBinary>& binaries) {
  ASSIGN_OR_RETURN(const std::vector<NumberedRecord> records, read_records(maps));
  std::shared_ptr<collect::ProcessTable> latest;
  for (const auto& [number, record] : records) {
    const auto before = known->find(number);
    if (before != known->end() && before->second.exited == (record.exited != 0)) {
      continue;
    }
    if (!latest) {
      latest = std::make_shared<collect::ProcessTable>(*known);
    }
    if (before == known->end()) {
      collect::KnownProcess& found = (*latest)[number];
      found = classifier.classify(maps, number, record, binaries);
      // It may be gone before the owner looks.
      const std::uint64_t services = classifier.service_bits->of(found.services);
      bpf_map_update_elem(maps.process_services.value(), &number, &services, BPF_NOEXIST);
    }
    (*latest)[number].exited = record.exited != 0;
  }
  return latest ? std::shared_ptr<const collect::ProcessTable>(std::move(latest)) : std::move(known);
}

const std::shared_ptr<const collect::ProcessTable>& ProcessRegistry::published_table() {
  if (!shown_) {
    shown_ = std::make_shared<const collect::ProcessTable>(table_);
  }
  return shown_;
}

base::Result<std::vector<std::uint32_t>> ProcessRegistry::update(const attach::SharedMaps& maps,
                                                                 const std::vector<ProbedBinary>& binaries) {
  ASSIGN_OR_RETURN(const std::vector<NumberedRecord> records, read_records(maps));
  std::vector<std::uint32_t> exited;
  for (const auto& [number, record] : records) {
    const auto [entry, is_new] = table_.try_emplace(number);
    if (is_new) {
      shown_.reset();
      entry->second = classifier().classify(maps, number, record, binaries);
      entry->second.labels = read_process_labels(maps, number);
      publish(maps, record, number, entry->second.services);
    }
    if (record.exited != 0 && (is_new || !entry->second.exited)) {
      shown_.reset();
      entry->second.exited = true;
      exited.push_back(number);
    }
  }
  return exited;
}

base::Result<> ProcessRegistry::end_gone(const attach::SharedMaps& maps) const {
  ASSIGN_OR_RETURN(const std::vector<NumberedRecord> records, read_records(maps));
  for (auto [number, record] : records) {
    const auto process = proc_->process(classifier().pid_of(record), false);
    if (record.exited != 0 || (process && is_start_of(record, *process))) {
      continue;
    }
    struct process known{};
    if (bpf_map_lookup_elem(maps.processes.value(), &record.tgid, &known) == 0 && known.number == number) {
      bpf_map_delete_elem(maps.processes.value(), &record.tgid);
    }
    record.exited = 1;
    bpf_map_update_elem(maps.process_records.value(), &number, &record, BPF_EXIST);
  }
  return {};
}

void ProcessRegistry::classify_again(const attach::SharedMaps& maps,
                                     const std::vector<ProbedBinary>& binaries) {
  for (auto& [number, known] : table_) {
    process_record record{};
    if (known.exited || bpf_map_lookup_elem(maps.process_records.value(), &number, &record) != 0) {
      continue;
    }
    shown_.reset();
    auto labels = std::move(known.labels);
    known = classifier().classify(maps, number, record, binaries);
    known.labels = std::move(labels);
    known.exited = false;  // the next update() tells
    publish(maps, record, number, known.services);
  }
}

std::vector<pid_t> ProcessRegistry::without_number(const std::vector<discover::Target>& targets) const {
  std::unordered_set<pid_t> numbered;
  for (const auto& [number, known] : table_) {
    if (!known.exited) {
      numbered.insert(known.pid);
    }
  }
  std::vector<pid_t> pids;
  for (const discover::Target& target : targets) {
    for (const discover::Target::Member& member : target.members) {
      if (!numbered.contains(member.process.pid)) {
        pids.push_back(member.process.pid);
      }
    }
  }
  return pids;
}

std::vector<LiveProcess> ProcessRegistry::live(const discover::BinaryId& binary,
                                               const std::string& service) const {
  std::vector<LiveProcess> found;
  for (const auto& [number, known] : table_) {
    if (!known.exited && known.binary.is_same_file(binary) &&
        std::ranges::find(known.services, service) != known.services.end()) {
      found.push_back({.number = number, .pid = known.pid, .start_time_ns = known.start_time_ns});
    }
  }
  return found;
}

base::Result<> ProcessRegistry::learn_labels(const attach::SharedMaps& maps,
                                             const attach::AttachedBinary& binary) {
  base::Result<> result;
  for (const collect::LearnedLabel& learned : collect::read_new_labels(binary, table_)) {
    ProcessLabels& labels = table_.at(learned.process).labels;
    const std::size_t kept = labels.size();
    if (labels.emplace(learned.id, learned.value).second) {
      shown_.reset();
      auto stored = keep_process_label(maps, learned.process, kept, learned.id, learned.value);
      result = stored ? std::move(result) : std::move(stored);
    }
  }
  return result;
}

void ProcessRegistry::forget(const attach::SharedMaps& maps, std::uint32_t number) {
  forget_process_labels(maps, number);
  bpf_map_delete_elem(maps.process_records.value(), &number);
  bpf_map_delete_elem(maps.process_services.value(), &number);
  table_.erase(number);
  shown_.reset();
}

}  // namespace units
