// BATON of stage 5: one service's probes of one binary in the kernel. AttachedBinary owns links and programs,
// and destroying it detaches; its CountedBinary is what can be read of it, and a copy of that holds the maps
// as well.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "attach/held_file.hpp"
#include "base/shared_fd.hpp"
#include "base/unique_fd.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Userspace moves the counts of processes that are gone from key to key, one key at a time, and reads all of
// them at a scrape: it does either while it holds this. All copies of a set of maps have the same one.
using Turn = std::shared_ptr<std::mutex>;

// Maps that the probes of one binary share.
struct BinaryMaps {
  base::SharedFd goroutines;
  base::SharedFd blank_goroutine;
  base::SharedFd spilled;
  base::SharedFd unwound;
  base::SharedFd unwound_journal;  // for userspace alone, as ProbeMaps::fold_journal
  base::SharedFd objects;
  base::SharedFd scratches;
  Turn turn = std::make_shared<std::mutex>();  // of `unwound`
};

struct ProbeMaps {
  base::SharedFd series;
  base::SharedFd values;
  base::SharedFd slabs;
  base::SharedFd cursor;
  base::SharedFd free_slots;
  base::SharedFd fold_journal;  // for userspace alone: what it is doing to the others (collect/fold_process)
  std::uint32_t series_limit = 0;
  std::vector<base::SharedFd> made_slabs;  // what is in `slabs`, from its first element on (series_slabs)
  Turn turn = std::make_shared<std::mutex>();
};

// log2 of the slots in each of a probe's slabs: a few slabs for the limit, as each takes a descriptor.
[[nodiscard]] constexpr std::uint8_t slab_shift_of(std::uint32_t series_limit) {
  constexpr std::uint32_t kSlabs = 16;
  constexpr std::uint32_t kFewest = 64;
  const std::uint32_t slots = std::max(kFewest, std::bit_ceil((series_limit + kSlabs - 1) / kSlabs));
  return static_cast<std::uint8_t>(std::countr_zero(std::min(slots, std::bit_ceil(series_limit))));
}

enum class Program { kEnter, kReturn, kRecovery, kGoexit };

// A loaded program and where it belongs.
struct ProbeProgram {
  Program program = Program::kEnter;
  base::UniqueFd fd;
  std::vector<plan::Site> sites;
};

// Whether a probe is in the binary, as its cost allows.
enum class Presence {
  kAttached,
  kDetached,  // taken out for a while: it has no links, and none of its calls are in flight
  kSettling,  // attached just now; calls that began before are not found yet
};

// The plan's probe of the same index, or an unwind hook.
struct AttachedProbe {
  std::uint16_t number = 0;    // exporter-wide
  std::uint64_t since_ns = 0;  // boot time clock: no call was missed since. kNever while it is detached
  ProbeMaps maps;
  std::string error;  // why it cannot be attached; empty: it can
  Presence presence = Presence::kAttached;
};

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

// Whose calls are trapped.
enum class Scope {
  kFile,     // of every process that runs the file: a restart is counted from its first call
  kProcess,  // of one process each: others that run the file pay nothing
};

// One of a probe or an unwind hook.
struct ProbeLink {
  std::uint16_t probe = 0;  // exporter-wide number
  base::UniqueFd fd;
};

// Of one binary, by process, 0 for all of them.
using Links = std::map<pid_t, std::vector<ProbeLink>>;

// Breakpoints that nothing counts by any more. Destroying it takes them away, then gives the lease back: some
// milliseconds a site, in which no lock should be held.
struct Detached {
  std::optional<HeldFile> lease;
  Links links;
};

// One generation of a unit as readers need it: what its probes are and the maps in which they count. Copies
// share the maps.
struct CountedBinary {
  std::string service;
  discover::BinaryId id;
  std::string exe;
  plan::ProbePlan plan;
  std::uint16_t frame_stride = 0;
  std::uint32_t in_flight_limit = 0;
  std::uint16_t gate = 0;
  std::uint32_t generation = 0;       // counts while the gate says so
  std::uint32_t maps_generation = 0;  // the one that `maps` began with
  BinaryMaps maps;
  std::vector<AttachedProbe> probes;
  std::vector<AttachedProbe> unwind_hooks;
  Scope scope = Scope::kFile;
  std::uint64_t code_digest = 0;  // of the file that was inspected, see code_digest.hpp
};

struct AttachedBinary : CountedBinary {
  // By the number of a probe or an unwind hook, in the order they are attached; none where loading failed.
  std::map<std::uint16_t, std::vector<ProbeProgram>> programs;
  // Taken before `links` are made, given back after they are gone.
  std::optional<HeldFile> lease;
  Links links;  // none: the maps still count what was
  // With Scope::kProcess, a pidfd of each process that has links.
  std::map<pid_t, base::UniqueFd> processes;
};

}  // namespace attach
