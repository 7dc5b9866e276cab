// A graph of values -> operations with registers.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "abi/operation.h"
#include "base/error.hpp"
#include "plan/compile/operation_graph.hpp"

namespace plan {

struct EmittedOperations {
  std::vector<operation> operations;
  std::map<NodeId, std::uint8_t> kept;  // registers of the values that stay
};

// `labels_size`: where the values behind the labels begin. kUnsupported: more than the machine holds.
[[nodiscard]] base::Result<EmittedOperations> emit_operations(const OperationGraph& graph,
                                                              std::uint64_t labels_size);

}  // namespace plan
