// A plan as bytes (CBOR, RFC 8949): what the next exporter needs to read the maps that this one leaves
// behind.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// Everything but what is for people only: skipped probes, reads and notes.
[[nodiscard]] std::string encode_plan(const ProbePlan& plan);

// kUnsupported: these are not the bytes of a plan, or those of another version of the exporter.
[[nodiscard]] base::Result<ProbePlan> decode_plan(std::string_view bytes);

// Whether the two would do the very same in the kernel.
[[nodiscard]] bool equal(const ProbePlan& one, const ProbePlan& other);

// Whether calls that one of the two has begun to count can be counted on by the other, in the same maps:
// functions and sets of objects have the same numbers (keep_numbers), sites and targets of `within` may
// differ.
[[nodiscard]] bool same_values(const PlannedProbe& one, const PlannedProbe& other);

}  // namespace plan
