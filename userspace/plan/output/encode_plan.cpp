#include "plan/output/encode_plan.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <vector>

namespace nlohmann {

template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& to, const std::optional<T>& value) { to = value ? json(*value) : json(nullptr); }

  static void from_json(const json& from, std::optional<T>& value) {
    value = from.is_null() ? std::nullopt : std::optional<T>(from.get<T>());
  }
};

}  // namespace nlohmann

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(operation, code, d, a, b, size, flags, text, imm)

namespace config {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Transform, kind, argument, replacement, mapping, otherwise)

}  // namespace config

namespace plan {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Site, address, offset, function, instruction)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LabelField, name, kind, offset, size, is_signed, optional, absent, cases,
                                   transforms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Phase, operations, text, when)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PlannedRecord, metric, kind, at_return, value, when, slot, bounds, scale,
                                   object, object_value, poll, labels, unit, buckets)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Contribution, target, source, destination, length, at_return)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(IdentityTarget, label, object)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PlannedProbe, name, services, entry_sites, return_sites, framed, outermost,
                                   enter, leave, labels_size, values_size, slots, labels, records,
                                   contributions, identity)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GoroutineLayout, goid, stack_hi)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StackLayout, goid, stack_lo, stack_hi, status, sched_sp, sched_pc,
                                   syscall_sp, syscall_pc, list_candidates, missing)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(UnwindHook, kind, site, through_panic, panic_offset, sp_offset)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProbePlan, binary, runtime, runtime_version, position_independent,
                                   first_address, functions, probes, goroutine, stacks, unwind_hooks,
                                   type_names, objects)

namespace {

nlohmann::json values_of(const PlannedProbe& probe) {
  nlohmann::json json = probe;
  for (const char* other : {"entry_sites", "return_sites", "contributions"}) {
    json.erase(other);
  }
  return json;
}

}  // namespace

std::string encode_plan(const ProbePlan& plan) {
  std::string bytes;
  nlohmann::json::to_cbor(plan, bytes);
  return bytes;
}

base::Result<ProbePlan> decode_plan(std::string_view bytes) {
  try {
    return nlohmann::json::from_cbor(bytes).get<ProbePlan>();
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::ErrorCode::kUnsupported, "not a plan of this version: {}", error.what());
  }
}

bool equal(const ProbePlan& one, const ProbePlan& other) {
  return encode_plan(one) == encode_plan(other);
}

bool same_values(const PlannedProbe& one, const PlannedProbe& other) {
  return values_of(one) == values_of(other);
}

}  // namespace plan
