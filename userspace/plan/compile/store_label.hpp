// A value -> bytes among the captured values, and the field that says how to turn them into text.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// Whether the byte before a value that says "it is there" is always written: for values that go to another
// frame.
enum class Presence : std::uint8_t { kWhereNeeded, kAlways };

// Appends the store to `graph`; the field begins at `offset` (its presence byte there, where it has one).
// `max_length`: bytes kept of a string. Constants take no bytes. kUnsupported: a value that is no text,
// number or condition.
[[nodiscard]] base::Result<LabelField> store_label(OperationGraph& graph, const TypeLookup& lookup,
                                                   const Value& value, std::uint16_t offset,
                                                   std::uint32_t max_length, Presence presence);

// The first byte behind a field.
[[nodiscard]] std::uint16_t end_of(const LabelField& field);

// The text of a label that is not there: that of `else:`, or "".
[[nodiscard]] std::string absent_text(const std::vector<config::Transform>& transforms);

}  // namespace plan
