// A value -> bytes among the captured values, and the field that says how to turn them into text.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// Whether the byte before a value that says "it is there" is always written: for values that go to another
// frame.
enum class Presence : std::uint8_t { kWhereNeeded, kAlways };

// How much is stored of a text, and in which form.
struct TextForm {
  std::uint32_t max_length = 0;  // bytes
  bool is_grouped = false;       // a path becomes its route (OPERATION_GROUP_PATH)

  bool operator==(const TextForm&) const = default;
};

[[nodiscard]] inline TextForm form_of(const config::ValueLabel& label) {
  return {.max_length = label.max_length, .is_grouped = config::is_grouped(label)};
}

// Appends the store to `graph`; the field begins at `offset` (its presence byte there, where it has one).
// Constants take no bytes. kUnsupported: a value that is no text, number or condition; what is grouped must
// be a text.
[[nodiscard]] base::Result<LabelField> store_label(OperationGraph& graph, const TypeLookup& lookup,
                                                   const Value& value, std::uint16_t offset, TextForm form,
                                                   Presence presence);

// The same for one of several values of which the first that is there is kept: all have the same offset, and
// the graph runs them in their order. The type of nil is not there. kUnsupported: also constants, which
// always are.
[[nodiscard]] base::Result<LabelField> store_alternative(OperationGraph& graph, const TypeLookup& lookup,
                                                         const Value& value, std::uint16_t offset,
                                                         TextForm form);

// The first byte behind a field.
[[nodiscard]] std::uint16_t end_of(const LabelField& field);

// The text of a label that is not there: that of `else:`, or "".
[[nodiscard]] std::string absent_text(const std::vector<config::Transform>& transforms);

}  // namespace plan
