// BATON of stage 1: what the user asked for. Mirrors probes.yaml key by key; docs/probes.md explains each.
// After validate_config() every name that is used is defined and every expression is well-formed; whether a
// function, field or type exists is known only to the plan stage.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/expression.hpp"

namespace config {

struct Position {
  int line = 0;  // 1-based; 0: not from a file
  int column = 0;

  bool operator==(const Position&) const = default;
};

// An expression with the text and the place it came from, for messages.
struct LocatedExpression {
  Expression expression;
  std::string text;
  Position position;

  bool operator==(const LocatedExpression&) const = default;
};

// ---- services: whose processes
// -------------------------------------------------------------------------------

struct ProcessMatch {
  std::string exe;                // glob on the path of the executable (readlink /proc/PID/exe); empty: any
  std::vector<std::string> args;  // these stand in argv, one after another; "-flag value" also matches
                                  // "-flag=value" and "--flag value", as Go's flag package reads them
  std::map<std::string, std::string> env;  // name -> glob

  bool operator==(const ProcessMatch&) const = default;
};

// A label of the process itself, learnt at the first hit of `function`.
struct IdentityLabel {
  std::string name;
  std::vector<std::string> functions;  // the first that exists is used
  std::optional<Signature> signature;
  LocatedExpression value;
  Position position;

  bool operator==(const IdentityLabel&) const = default;
};

struct Service {
  std::string name;
  ProcessMatch match;
  std::vector<IdentityLabel> identity;
  std::optional<double> budget_cores;  // instead of Budget::cores
  std::vector<std::string> presets;    // full names, `use:`; their metrics and probes are in the config
  Position position;

  bool operator==(const Service&) const = default;
};

// ---- metrics: what exists
// ------------------------------------------------------------------------------------

enum class MetricKind { kCounter, kHistogram, kGauge, kRatio };

// hits / (hits + misses) of a counter over a sliding window.
struct RatioOf {
  std::string counter;  // name of a counter metric
  std::string label;    // the label that tells hits from misses
  std::string hit;      // its value for a hit
  std::string miss;     // its value for a miss; other values count for neither
  std::chrono::seconds window{300};

  bool operator==(const RatioOf&) const = default;
};

struct Metric {
  std::string name;
  MetricKind kind = MetricKind::kCounter;
  std::string help;
  std::string unit;  // of durations: "ns", "us", "ms" or "s"; else free text, "" where none was given
  std::vector<std::string> labels;
  std::vector<double> buckets;  // upper bounds in `unit`, ascending, without +Inf
  std::uint32_t max_series = 1000;
  bool initialize = true;  // series that are known without a call begin at 0
  std::optional<RatioOf> ratio;
  Position position;

  bool operator==(const Metric&) const = default;
};

// ---- labels
// --------------------------------------------------------------------------------------------------

// Done in userspace on the decoded text, in the order written.
struct Transform {
  enum class Kind {
    kAfterLast,    // argument: separator; the part after its last occurrence (`keep: after-last-slash`)
    kBeforeFirst,  // argument: separator (`keep: before-first-colon`)
    kTrimPrefix,   // argument
    kTrimSuffix,   // argument
    kLower,
    kUpper,
    kRegex,      // argument: RE2 pattern for the whole text, replacement: "$1"-style; no match: unchanged
    kSqlVerb,    // first word of an SQL text, upper case
    kSqlTable,   // the table that an SQL text reads or writes first
    kMap,        // mapping: text -> text; what is not listed stays, or becomes `otherwise`
    kDuration,   // nanoseconds as Go prints a time.Duration: "250ms"
    kHex,        // bytes as hexadecimal digits
    kUuid,       // 16 bytes as a UUID; others as kHex
    kGroupPath,  // a path becomes its route; the first step, done in the kernel
  };
  Kind kind = Kind::kLower;
  std::string argument;
  std::string replacement;
  std::map<std::string, std::string> mapping;
  std::optional<std::string> otherwise;

  bool operator==(const Transform&) const = default;
};

// As the file writes it: "keep: after-last-slash".
[[nodiscard]] std::string to_string(const Transform& transform);

// A value read in another function, on the same goroutine, inside the current call of the probe's own
// function.
struct Within {
  std::vector<std::string> functions;  // alternatives
  std::optional<Signature> signature;

  bool operator==(const Within&) const = default;
};

// The text of one expression.
struct ValueLabel {
  std::optional<Within> within;  // where given, `value` is read at that function's return (`read:` in YAML)
  LocatedExpression value;
  std::vector<Transform> transforms;
  std::uint32_t max_length = 64;  // bytes kept of a string; a longer one is cut and marked

  bool operator==(const ValueLabel&) const = default;
};

// Whether its text is a path that becomes a route in the kernel, before series are distinguished.
[[nodiscard]] inline bool is_grouped(const ValueLabel& label) {
  return !label.transforms.empty() && label.transforms.front().kind == Transform::Kind::kGroupPath;
}

// The name of the first condition that holds.
struct CasesLabel {
  struct Case {
    std::string name;
    LocatedExpression condition;

    bool operator==(const Case&) const = default;
  };

  std::vector<Case> cases;
  std::string otherwise;  // `else:`

  bool operator==(const CasesLabel&) const = default;
};

struct ConstantLabel {
  std::string text;

  bool operator==(const ConstantLabel&) const = default;
};

// The first of several values that is there. What the binary does not have is left out by the plan.
struct FirstLabel {
  // Those with `within` come first; of these, the last that was called counts. Transforms: none, or
  // kGroupPath; max_length: that of the label.
  std::vector<ValueLabel> alternatives;
  std::vector<Transform> transforms;  // of the text, whichever alternative it is from
  std::uint32_t max_length = 64;

  bool operator==(const FirstLabel&) const = default;
};

struct Label {
  std::string name;
  std::variant<ValueLabel, CasesLabel, ConstantLabel, FirstLabel> source;
  Position position;

  bool operator==(const Label&) const = default;
};

// ---- probes: where it comes from
// -----------------------------------------------------------------------------

enum class RecordKind {
  kCount,     // counter += 1, or += `value` (`add:`)
  kDuration,  // histogram of the call's duration
  kObserve,   // histogram of `value` (`observe:`)
  kInFlight,  // gauge: calls running now (`in_flight: true`)
  kPairUp,    // gauge: +1 for the object `value` (`add: 1, key: recv`)
  kPairDown,  // gauge: -1 for the object `value` (`add: -1, key: recv`)
  kSet,       // gauge = `value` (`set:`)
  kPoll,      // gauge: `value` read from live memory at each scrape (`poll:`)
};

struct Record {
  std::string metric;
  RecordKind kind = RecordKind::kCount;
  std::optional<LocatedExpression> value;
  std::optional<LocatedExpression> when;
  Position position;

  bool operator==(const Record&) const = default;
};

struct Probe {
  std::string name;    // unique; for self-metrics and messages. Default: service and short function name
  std::string preset;  // that it is a part of; "" for the file's own. A binary need not have all parts
  std::vector<std::string> services;
  std::vector<std::string> functions;  // alternatives, each a name or a glob; the first that matches is used
  std::optional<Signature> signature;
  std::optional<LocatedExpression> when;
  bool outermost = false;  // of nested calls on one goroutine, only the outermost counts
  bool inlined = false;    // calls that the compiler inlined count too
  std::vector<Label> labels;
  std::vector<Record> records;
  Position position;

  bool operator==(const Probe&) const = default;
};

struct Limits {
  std::uint32_t in_flight = 16384;  // goroutines of one binary that can be inside a probed call at once

  bool operator==(const Limits&) const = default;
};

// What probes may cost: one that breaks it is detached for a while.
struct Budget {
  std::optional<double> cores;  // share of a core, of each service and of all other processes; none: no limit
  std::chrono::seconds window{10};       // over which it is measured
  std::chrono::seconds retry_after{60};  // until the probe is tried again, the first time

  bool operator==(const Budget&) const = default;
};

struct ProbeConfig {
  std::vector<Service> services;
  std::vector<Metric> metrics;
  std::vector<Probe> probes;
  Limits limits;
  Budget budget;

  bool operator==(const ProbeConfig&) const = default;
};

}  // namespace config
