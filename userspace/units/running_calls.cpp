#include "units/running_calls.hpp"

#include <algorithm>
#include <iterator>
#include <thread>

#include "abi/operation.h"
#include "collect/fold_process.hpp"
#include "collect/read_maps.hpp"

namespace units {
namespace {

using collect::GoroutineWalk;
using collect::RawFrame;
using config::RecordKind;

constexpr std::chrono::seconds kSweepEvery{30};
// Goroutines that ran at one look are hardly all running at each of the next ones.
constexpr int kMostLooks = 8;
constexpr std::chrono::milliseconds kFirstPause{2};

// A process with many goroutines, or one that lies about them, gets a small share of the time.
constexpr std::chrono::milliseconds kLongLook{500};  // of processor time
constexpr std::chrono::seconds kLongestSweep{1};     // then no other look begins
constexpr int kRestAfterLongLook = 10;               // times as long

// Whether its calls in flight are a metric.
bool counts_calls(const plan::PlannedRecord& record) {
  return record.kind == RecordKind::kInFlight ||
         (record.kind == RecordKind::kPoll &&
          std::ranges::find(record.poll.operations, OP_IN_FLIGHT, &operation::code) !=
              record.poll.operations.end());
}

// Whether nothing was read at the entry of the call that the metric needs: then a call without it is as good.
bool needs_nothing_of_entry(const plan::PlannedProbe& probe) {
  return !probe.enter.when && std::ranges::all_of(probe.labels, [](const plan::LabelField& label) {
    return label.kind == plan::LabelField::Kind::kFunction || label.kind == plan::LabelField::Kind::kConstant;
  });
}

// Whether what happened before the probes were attached is part of its value, and cannot be seen.
bool starts_unknown(const plan::PlannedRecord& record) {
  return record.kind == RecordKind::kPairUp || record.kind == RecordKind::kPairDown ||
         record.kind == RecordKind::kSet;
}

}  // namespace

RunningCalls::RunningCalls(const attach::AttachedBinary& binary, const attach::SharedMaps& shared,
                           std::vector<std::string> unknown, const base::Clock& clock, base::Logger& log)
    : binary_(&binary),
      clock_(&clock),
      log_(&log),
      attached_ns_(base::boot_time_ns()),
      unknown_(std::move(unknown)) {
  const bool any_framed = std::ranges::any_of(binary.plan.probes, &plan::PlannedProbe::framed);
  if (!any_framed || binary.plan.runtime != inspect::Runtime::kGo || !binary.maps.goroutines) {
    return;
  }
  if (!binary.plan.stacks.missing.empty()) {
    log.warn("calls that run already are not seen",
             {{"exe", binary.exe}, {"reason", binary.plan.stacks.missing}});
    return;
  }
  auto records = attach::CallRecords::open(binary, shared);
  if (!records) {
    log.warn("calls that run already are not seen",
             {{"exe", binary.exe}, {"reason", records.error().message}});
    return;
  }
  records_ = std::make_unique<attach::CallRecords>(*std::move(records));
}

void RunningCalls::look(std::span<const LiveProcess> processes) {
  forget_gone(processes);
  for (const LiveProcess& live : processes) {
    if (!processes_.contains(live.number)) {
      add(live);
    }
  }
  if (records_) {
    for (auto& [number, process] : processes_) {
      if (clock_->steady_now() >= process.next_look) {
        look_at(process);
      }
    }
  }
  sum_up();
}

void RunningCalls::look_at(Process& process) {
  const auto before = base::thread_processor_time();
  open_code(process);
  if (clock_->steady_now() >= process.next_sweep) {
    sweep(process, process.next_sweep == std::chrono::steady_clock::time_point{});
  } else if (!process.unclear.empty()) {
    look_again(process);
  }
  places_.close();
  rest_after(process, base::thread_processor_time() - before);
}

void RunningCalls::rest_after(Process& process, std::chrono::nanoseconds cost) {
  if (cost > kLongLook) {
    process.next_look = clock_->steady_now() + cost * kRestAfterLongLook;
  }
}

// The very file, also across mount namespaces.
void RunningCalls::open_code(const Process& process) {
  const LiveProcess& live = process.live;
  places_.open(live.library.empty() ? fmt::format("/proc/{}/exe", live.pid)
                                    : fmt::format("/proc/{}/root{}", live.pid, live.library));
}

void RunningCalls::add(const LiveProcess& live) {
  Process process{.live = live, .memory = collect::ProcessMemory(live.pid)};
  if (binary_->plan.position_independent) {
    const std::uint64_t first = value_of(binary_->plan.first_address);
    process.bias = live.library.empty() ? process.memory.load_bias(first)
                                        : process.memory.load_bias(first, live.library);
  }
  // All calls of a process that came after its probes have been seen.
  if (binary_->scope == attach::Scope::kFile && live.start_time_ns > attached_ns_) {
    process.next_sweep = clock_->steady_now() + kSweepEvery;
  }
  processes_.emplace(live.number, std::move(process));
}

void RunningCalls::forget_gone(std::span<const LiveProcess> processes) {
  std::erase_if(processes_, [&](const auto& entry) {
    const bool is_gone = std::ranges::find(processes, entry.first, &LiveProcess::number) == processes.end();
    if (is_gone && records_) {
      // It may have ended while calls of it were recorded here.
      if (const auto result = collect::forget_calls(*binary_, entry.first); !result) {
        log_->error("forgetting calls", {{"number", entry.first}, {"error", result.error().message}});
      }
    }
    return is_gone;
  });
}

// Which functions' frames matter: found with the first process, whose file tells where functions begin.
void RunningCalls::find_functions() {
  for (std::size_t i = 0; i < binary_->plan.probes.size(); ++i) {
    const plan::PlannedProbe& probe = binary_->plan.probes[i];
    if (!probe.framed || !binary_->probes[i].error.empty() ||
        binary_->probes[i].presence == attach::Presence::kDetached) {
      continue;
    }
    const bool is_gauge = std::ranges::any_of(probe.records, counts_calls);
    for (const plan::Site& site : probe.entry_sites) {
      if (const auto place = places_.at(site.address)) {
        functions_.push_back({.probe = binary_->probes[i].number,
                              .function = site.function,
                              .entry = value_of(place->entry),
                              .outermost = probe.outermost,
                              .is_gauge = is_gauge});
        entries_.insert(value_of(place->entry));
      }
    }
  }
}

void RunningCalls::sweep(Process& process, bool is_first) {
  const auto start = clock_->steady_now();
  process.next_sweep = start + kSweepEvery;
  process.recovered = 0;
  if (functions_.empty()) {
    find_functions();
  }
  process.suspects.clear();
  process.unknowable.clear();
  process.unknown_metrics.clear();
  GoroutineWalk walk;
  if (!look_at_all(process, walk)) {
    return;
  }
  if (is_first) {
    for (const collect::WalkedGoroutine& goroutine : walk.goroutines) {
      if (!goroutine.is_whole) {
        process.unseen.insert(goroutine.id);
      }
    }
  }
  auto pause = kFirstPause;
  const auto may_look = [&] { return process.is_readable && clock_->steady_now() - start < kLongestSweep; };
  for (int looks = 1; looks < kMostLooks && !process.unclear.empty() && may_look(); ++looks, pause *= 2) {
    std::this_thread::sleep_for(pause);
    look_again(process);
  }
  const std::chrono::duration<double> took = clock_->steady_now() - start;
  const auto level = is_first ? &base::Logger::info : &base::Logger::debug;
  (log_->*level)(is_first ? "calls that were running" : "calls compared with stacks",
                 {{"exe", binary_->exe},
                  {"pid", process.live.pid},
                  {"goroutines", walk.goroutines.size()},
                  {"frames", walk.frames},
                  {"calls", process.recovered},
                  {"unrecorded", process.unrecorded.size()},
                  {"reads", walk.reads},
                  {"seconds", took.count()}});
}

bool RunningCalls::look_at_all(Process& process, GoroutineWalk& walk) {
  const std::vector<RawFrame> before = frames_of(process);
  const collect::WalkRequest request = request_for(process);
  const auto addresses = collect::list_goroutines(request);
  if (addresses) {
    walk = collect::walk_goroutines(request, *addresses);
  }
  process.is_readable = addresses.has_value() && walk.is_complete;
  if (!process.is_readable) {
    // Later on it is a process that ends just now.
    const auto level = process.was_read ? &base::Logger::debug : &base::Logger::warn;
    (log_->*level)("calls that run already are not seen",
                   {{"exe", binary_->exe},
                    {"pid", process.live.pid},
                    {"reason", addresses ? "its goroutines cannot be read" : addresses.error().message}});
    return false;
  }
  process.was_read = true;
  std::erase_if(process.unseen, [&walk](std::uint64_t id) { return walk.find(id) == nullptr; });
  take_in(process, collect::compare_calls(functions_, walk, before, frames_of(process)), walk);
  return true;
}

void RunningCalls::look_again(Process& process) {
  GoroutineWalk walk;
  std::vector<std::uint64_t> goroutines;
  std::vector<std::uint64_t> addresses;
  for (const auto& [goroutine, address] : process.unclear) {
    if (address == 0) {
      // It was in the list no more. The list itself may have been read while it moved.
      look_at_all(process, walk);
      return;
    }
    goroutines.push_back(goroutine);
    addresses.push_back(address);
  }
  const std::vector<RawFrame> before = collect::read_frames_of(*binary_, process.live.number, goroutines);
  walk = collect::walk_goroutines(request_for(process), addresses);
  if (!walk.is_complete) {
    process.is_readable = false;  // until the next sweep: what was left out has not ended
    return;
  }
  // The g of a goroutine that has ended may be another's by now.
  std::erase_if(walk.goroutines, [&process](const collect::WalkedGoroutine& goroutine) {
    return !process.unclear.contains(goroutine.id);
  });
  for (const std::uint64_t goroutine : goroutines) {
    if (walk.find(goroutine) == nullptr) {
      process.unseen.erase(goroutine);
    }
  }
  const std::vector<RawFrame> after = collect::read_frames_of(*binary_, process.live.number, goroutines);
  take_in(process, collect::compare_calls(functions_, walk, before, after), walk);
}

void RunningCalls::take_in(Process& process, const collect::CallComparison& comparison,
                           const GoroutineWalk& walk) {
  for (const collect::WalkedGoroutine& goroutine : walk.goroutines) {
    if (goroutine.is_whole) {
      process.unseen.erase(goroutine.id);
    }
  }
  process.has_lost = std::ranges::any_of(walk.goroutines, &collect::WalkedGoroutine::is_lost);
  process.unclear.clear();
  for (const std::uint64_t goroutine : comparison.unclear) {
    process.unclear.emplace(goroutine, walk.find(goroutine)->address);
  }
  // What a goroutine that is running now had before, it is taken to have still.
  std::erase_if(process.unrecorded,
                [&process](const RawFrame& frame) { return !process.unclear.contains(frame.goroutine); });
  end_gone(process, comparison.gone, walk);
  record_missing(process, comparison.missing, walk);
}

// Two looks must agree.
void RunningCalls::end_gone(Process& process, const std::vector<RawFrame>& gone, const GoroutineWalk& walk) {
  std::set<CallId> suspects;
  for (const RawFrame& frame : gone) {
    const collect::WalkedGoroutine* goroutine = walk.find(frame.goroutine);
    if (!process.suspects.contains(id_of(frame))) {
      suspects.insert(id_of(frame));
      process.unclear.emplace(frame.goroutine, goroutine == nullptr ? 0 : goroutine->address);
      continue;
    }
    const ended_call call = collect::ended_call_of(frame);
    const bool is_ended = records_->end(call);
    log_->debug("call ended unseen", {{"pid", process.live.pid},
                                      {"goroutine", frame.goroutine},
                                      {"probe", frame.probe},
                                      {"is_ended", is_ended},
                                      {"goroutine_lives", goroutine != nullptr}});
    if (goroutine == nullptr) {
      records_->forget(process.live.number, frame.goroutine);
    }
  }
  process.suspects = std::move(suspects);
}

void RunningCalls::record_missing(Process& process, const std::vector<RawFrame>& missing,
                                  const GoroutineWalk& walk) {
  std::set<CallId> unknowable;
  for (auto first = missing.begin(); first != missing.end();) {
    const std::uint64_t goroutine = first->goroutine;
    const auto last = std::find_if(
        first, missing.end(), [goroutine](const RawFrame& frame) { return frame.goroutine != goroutine; });
    std::vector<attach::LateCall> calls;
    for (auto frame = first; frame != last; ++frame) {
      if (is_recoverable(*frame)) {
        calls.push_back({.probe = frame->probe, .function = frame->function, .depth = frame->depth});
      } else {
        note_unknowable(process, *frame, walk, unknowable);
      }
    }
    if (!calls.empty()) {
      // To be looked at once more: a call may have returned between the look and the record.
      process.unclear.emplace(goroutine, walk.find(goroutine)->address);
      if (records_->insert(process.live.number, goroutine, calls)) {
        process.recovered += calls.size();
      } else {
        std::copy_if(first, last, std::back_inserter(process.unrecorded),
                     [this](const RawFrame& frame) { return is_recoverable(frame); });
      }
    }
    first = last;
  }
  for (RawFrame& frame : process.unrecorded) {
    frame.process = process.live.number;
  }
  process.unknowable = std::move(unknowable);
}

// One that is seen at a single look may just have begun.
void RunningCalls::note_unknowable(Process& process, const RawFrame& frame, const GoroutineWalk& walk,
                                   std::set<CallId>& found) {
  found.insert(id_of(frame));
  const std::vector<std::string> metrics = metrics_of(frame.probe);
  if (process.unknowable.contains(id_of(frame))) {
    process.unknown_metrics.insert(metrics.begin(), metrics.end());
  } else if (!process.unknown_metrics.contains(metrics.front())) {
    process.unclear.emplace(frame.goroutine, walk.find(frame.goroutine)->address);
  }
}

RunningCalls::CallId RunningCalls::id_of(const RawFrame& frame) {
  return {{frame.goroutine, frame.depth}, {frame.probe, frame.start_ns}};
}

bool RunningCalls::is_recoverable(const RawFrame& frame) const {
  const auto probe = std::ranges::find(binary_->probes, frame.probe, &attach::AttachedProbe::number);
  const plan::PlannedProbe& planned =
      binary_->plan.probes[static_cast<std::size_t>(probe - binary_->probes.begin())];
  // Recorded without labels, a call still tells that those inside it are not the outermost.
  if (planned.outermost && std::ranges::none_of(planned.records, counts_calls)) {
    return true;
  }
  return needs_nothing_of_entry(planned) &&
         std::ranges::find(planned.records, RecordKind::kInFlight, &plan::PlannedRecord::kind) !=
             planned.records.end();
}

std::vector<std::string> RunningCalls::metrics_of(std::uint16_t number) const {
  const auto probe = std::ranges::find(binary_->probes, number, &attach::AttachedProbe::number);
  std::vector<std::string> metrics;
  for (const plan::PlannedRecord& record :
       binary_->plan.probes[static_cast<std::size_t>(probe - binary_->probes.begin())].records) {
    if (counts_calls(record)) {
      metrics.push_back(record.metric);
    }
  }
  return metrics;
}

std::set<std::string> RunningCalls::unknown_metrics_of(const Process& process) const {
  std::set<std::string> unknown = process.unknown_metrics;
  for (std::size_t i = 0; i < binary_->plan.probes.size(); ++i) {
    if (process.live.start_time_ns > binary_->probes[i].since_ns) {
      continue;
    }
    for (const plan::PlannedRecord& record : binary_->plan.probes[i].records) {
      if (starts_unknown(record) ||
          (counts_calls(record) &&
           (!records_ || !process.is_readable || process.has_lost || !process.unseen.empty()))) {
        unknown.insert(record.metric);
      }
    }
  }
  return unknown;
}

collect::WalkRequest RunningCalls::request_for(const Process& process) {
  return {.memory = &process.memory,
          .layout = &binary_->plan.stacks,
          .bias = process.bias,
          .place_of = [this](inspect::VirtualAddress instruction) { return places_.at(instruction); },
          .wanted = &entries_};
}

std::vector<RawFrame> RunningCalls::frames_of(const Process& process) const {
  auto frames = collect::read_frames(*binary_);
  if (!frames) {
    log_->error("reading calls in flight", {{"exe", binary_->exe}, {"error", frames.error().message}});
    return {};
  }
  std::erase_if(*frames, [&process](const RawFrame& frame) { return frame.process != process.live.number; });
  return *std::move(frames);
}

void RunningCalls::sum_up() {
  std::vector<RawFrame> unrecorded;
  std::set<std::string> unknown;
  for (const auto& [number, process] : processes_) {
    std::ranges::copy(process.unrecorded, std::back_inserter(unrecorded));
    unknown.merge(unknown_metrics_of(process));
  }
  unrecorded_ = std::move(unrecorded);
  unknown_.assign(unknown.begin(), unknown.end());
}

const std::vector<RawFrame>& RunningCalls::unrecorded() const {
  return unrecorded_;
}

const std::vector<std::string>& RunningCalls::unknown_baselines() const {
  return unknown_;
}

}  // namespace units
