// From a place to its words: registers where it lies in registers, loads where it lies in memory.
#pragma once

#include <string>

#include "base/error.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

struct Word {
  NodeId node{};
  Guards guards;
};

// The place's word at `offset` (0, 8, 16) in it. The first two words of strings, interfaces and slices are
// read as a pair. kUnsupported: it is a register that cannot be read.
[[nodiscard]] base::Result<Word> word_at(OperationGraph& graph, const TypeLookup& lookup, const Place& place,
                                         std::uint64_t offset);

// A basic value with its own size and sign.
[[nodiscard]] base::Result<Word> scalar_at(OperationGraph& graph, const TypeLookup& lookup,
                                           const Place& place);

// What a pointer points to.
[[nodiscard]] base::Result<Place> pointee_of(OperationGraph& graph, const TypeLookup& lookup,
                                             const Place& pointer);

// The value inside sync/atomic.Int64, Bool, Pointer[T], ...; other places stay as they are.
[[nodiscard]] Place without_atomic(const TypeLookup& lookup, Place place);

// Reads a place as the number, text or condition that it is; pointers, interfaces, structs and the like stay
// places.
[[nodiscard]] base::Result<Value> read_value(OperationGraph& graph, const TypeLookup& lookup,
                                             const Place& place);

// Guards of two values that are used together.
[[nodiscard]] Guards joined(Guards left, const Guards& right);

// What a pointer to a number, text, condition, slice, map or channel points to; any other value as it is. A
// nil pointer makes the read fail, as every nil on the way does.
[[nodiscard]] base::Result<Place> behind_pointer(OperationGraph& graph, const TypeLookup& lookup,
                                                 const Place& place);

}  // namespace plan
