// Steps along a path as Go has them: fields (also promoted ones), type assertions, constant indexes.
#pragma once

#include <string>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// What the steps need besides the place itself.
struct PathContext {
  OperationGraph* graph = nullptr;  // of the phase that reads
  const TypeLookup* lookup = nullptr;
  const inspect::BinaryFacts* facts = nullptr;
};

// place.name, through one pointer and through embedded structs. Of an interface it is the field of whichever
// type it holds, of all in the binary that have it. kNotFound: no such field, and which there are.
// kUnsupported: the types that an interface can hold do not agree, or are too many.
[[nodiscard]] base::Result<Place> select_field(const PathContext& context, const Place& place,
                                               const std::string& name);

// place.(T): what the interface holds if it is a T. Also gives a type to a captured word of a closure,
// unchecked.
[[nodiscard]] base::Result<Place> assert_type(const PathContext& context, const Place& place,
                                              inspect::TypeId type);

// The types other than `asserted` that a value of the interface can hold and that have the field too, for
// people;
// "" where there are none, or for an interface without methods.
[[nodiscard]] std::string other_holders(const PathContext& context, inspect::TypeId interface,
                                        inspect::TypeId asserted, const std::string& name);

// place[index] of arrays, slices and strings. An index beyond the length makes what is read invalid.
[[nodiscard]] base::Result<Place> element_at(const PathContext& context, const Place& place,
                                             std::uint64_t index);

// The type word of what an interface holds.
[[nodiscard]] base::Result<DynamicType> dynamic_type_of(const PathContext& context, const Place& place);

}  // namespace plan
