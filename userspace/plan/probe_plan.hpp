// BATON of stage 4: where to attach in one binary and what to read there. Pure data; prints as text
// (print_plan).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/operation.h"
#include "config/probe_config.hpp"
#include "inspect/runtime.hpp"
#include "inspect/type_table.hpp"

namespace plan {

// An instruction to probe.
struct Site {
  inspect::VirtualAddress address{};
  inspect::FileOffset offset{};
  std::uint16_t function = 0;  // index into ProbePlan::functions
  std::string instruction;     // text, for people
  std::string inlined_in;      // the caller that holds this copy of the function; empty: the function itself
};

// How bytes of a series key become the text of a label.
struct LabelField {
  enum class Kind {
    kString,    // u16 length, then `capacity` bytes
    kInteger,   // `size` bytes, signed or not
    kBool,      // one byte: "true" or "false"
    kCase,      // one byte: index into `cases`, 0 is the last resort (`else`)
    kType,      // u64 descriptor address: its name from `type_names`; 0 is ""
    kFunction,  // not in the values: the name of the probed function
    kConstant,  // not in the values: `cases[0]`
  };
  std::string name;
  Kind kind = Kind::kString;
  std::uint16_t offset = 0;  // from the start of the values
  std::uint16_t size = 0;    // bytes it takes there
  bool is_signed = false;
  // A value that may be missing is preceded by one byte at offset - 1: 1 where it is there. Read `within`
  // another function, it is missing where that function was not called; read through a nil or a failed
  // assertion, always.
  bool optional = false;
  std::string absent;  // text where it is missing, final: no transforms
  std::vector<std::string> cases;
  std::vector<config::Transform> transforms;
};

// What one phase (entry or return) does.
struct Phase {
  std::vector<operation> operations;
  std::string text;                  // string constants
  std::optional<std::uint8_t> when;  // register of the probe's condition
};

// One record of the config, bound to slots of the series value.
struct PlannedRecord {
  std::string metric;
  config::RecordKind kind = config::RecordKind::kCount;
  bool at_return = false;             // the phase that fires it
  std::optional<std::uint8_t> value;  // register; none: 1, or the duration
  std::optional<std::uint8_t> when;   // register
  std::uint16_t slot = 0;
  std::vector<std::int64_t> bounds;  // histogram: in ns for durations, in the value's own unit otherwise
  double scale = 1.0;                // observed integer * scale = the metric's unit (ns -> ms: 1e-6)
  std::uint32_t object = 0;          // pairs and polls: number of the set of objects, unique in the binary
  std::uint16_t object_value = 0;    // in flight and poll: offset of the captured object's address in values
  Phase poll;                        // kPoll: run in userspace; its result is register 0
  // The metric as it was configured: what is counted by this plan is read so, whatever the metric is by then.
  std::vector<std::string> labels;
  std::string unit;
  std::vector<double> buckets;  // histogram: `bounds` in `unit`
};

// Whether PlannedRecord::object means something.
[[nodiscard]] inline bool uses_objects(const PlannedRecord& record) {
  return record.kind == config::RecordKind::kPairUp || record.kind == config::RecordKind::kPairDown ||
         record.kind == config::RecordKind::kPoll;
}

// Values read in a `within` function and put into the frame of the call that it runs in.
struct Contribution {
  std::uint16_t target = 0;       // index into ProbePlan::probes
  std::uint16_t source = 0;       // offset in this probe's values
  std::uint16_t destination = 0;  // offset in the target's values
  std::uint16_t length = 0;
  bool at_return = true;  // the phase of this probe that does it
};

// What an expression reads, for people.
struct PlannedRead {
  std::string what;  // "label method", "when", "observe"
  bool at_return = false;
  std::string expression;
  std::vector<std::string> paths;  // "info R8 -> grpc.UnaryServerInfo .FullMethod +24 string"
  bool is_polled = false;          // from the live object, at each scrape
};

// A learnt label of the process: stored as object `object`, address 0, with the string in values.
struct IdentityTarget {
  std::string label;
  std::uint32_t object = 0;
};

// PlannedProbe::config_probe of what the plan adds by itself.
inline constexpr std::uint32_t kHelperProbe = 0xffffffff;

// One BPF program pair. Several functions share it where they read the same things from the same places.
struct PlannedProbe {
  std::string name;  // of the config's probe, or "identity gateway/gateway_id", "within SERVICE/..."
  std::vector<std::string> services;
  std::uint32_t config_probe = 0;  // index into ProbeConfig::probes, or kHelperProbe
  std::vector<Site> entry_sites;   // empty: only returns are probed
  std::vector<Site> return_sites;  // empty: a counter at entry
  bool framed = false;             // a frame is kept from entry to return
  bool outermost = false;
  Phase enter;
  Phase leave;
  std::uint16_t labels_size = 0;  // bytes of label values: the part of the values that is in the key
  std::uint16_t values_size = 0;  // all captured values
  std::uint16_t slots = 0;
  std::vector<LabelField> labels;
  std::vector<PlannedRecord> records;
  std::vector<Contribution> contributions;
  std::vector<IdentityTarget> identity;
  std::vector<PlannedRead> reads;
  std::vector<std::string>
      copied_into;                 // functions with a copy of one that is probed: calls there are not counted
  std::vector<std::string> notes;  // for the user: "also inlined in 3 callers", where each type came from
  std::string preset;              // that it is a part of; "" for a probe of the file
};

struct SkippedProbe {
  std::string name;
  std::uint32_t config_probe = 0;
  std::string reason;    // ends with what to do, and the nearest names
  bool in_part = false;  // other functions that it names are probed

  bool operator==(const SkippedProbe&) const = default;
};

// Where a goroutine's identity is, from the binary's own metadata.
struct GoroutineLayout {
  std::uint16_t goid = 0;
  std::uint16_t stack_hi = 0;
};

// What a walk over the stacks of a running process reads, from the binary's own metadata.
struct StackLayout {
  // In runtime.g.
  std::uint16_t goid = 0;
  std::uint16_t stack_lo = 0;
  std::uint16_t stack_hi = 0;
  std::uint16_t status = 0;    // u32
  std::uint16_t sched_sp = 0;  // where it goes on, unless it runs or is in a system call
  std::uint16_t sched_pc = 0;
  std::uint16_t syscall_sp = 0;  // where its system call returns to
  std::uint16_t syscall_pc = 0;
  std::vector<inspect::VirtualAddress> list_candidates;  // one of them is runtime.allgs
  std::string missing;                                   // why stacks cannot be walked; empty: they can
};

// A place where calls end without a RET: the goroutine's frames above a stack pointer are dropped there.
struct UnwindHook {
  enum class Kind { kRecovery, kGoexit };
  Kind kind = Kind::kRecovery;
  Site site;
  // recovery(gp): the resumed stack pointer is *(u64*)(*(u64*)(gp + panic_offset) + sp_offset), or, where
  // `through_panic` is false (before Go 1.22), *(u64*)(gp + sp_offset).
  bool through_panic = true;
  std::uint16_t panic_offset = 0;
  std::uint16_t sp_offset = 0;
};

struct ProbePlan {
  std::string binary;  // path, for messages
  inspect::Runtime runtime = inspect::Runtime::kNative;
  std::string runtime_version;  // "go1.25.4"; "" where unknown
  bool position_independent = false;
  inspect::VirtualAddress
      first_address{};                 // of the first segment: where it lies in a process tells the load bias
  std::vector<std::string> functions;  // names, by Site::function
  std::vector<PlannedProbe> probes;
  std::vector<SkippedProbe> skipped;
  std::vector<SkippedProbe> absent;  // parts of presets whose function the binary does not have: no fault
  GoroutineLayout goroutine;
  StackLayout stacks;
  std::vector<UnwindHook> unwind_hooks;
  // descriptor address -> type name, for labels that name a dynamic type
  std::vector<std::pair<std::uint64_t, std::string>> type_names;
  std::vector<std::string> objects;  // what the sets of objects are for, by number
};

// Up to three of the names, and "..." where there are more.
[[nodiscard]] std::string some_of(const std::vector<std::string>& names);

// "go1.25.4", "go" where the version is unknown, "native".
[[nodiscard]] std::string runtime_name(const ProbePlan& plan);

}  // namespace plan
