#include "plan/compile/emit_operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/limits.h"
#include "collect/evaluate.hpp"
#include "plan/output/print_plan.hpp"
#include "support/fake_memory.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using support::FakeMemory;
using support::IsError;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines(const EmittedOperations& emitted) {
  std::vector<std::string> text;
  for (const operation& code : emitted.operations) {
    text.push_back(print_operation(code));
  }
  return text;
}

int loads_in(const EmittedOperations& emitted) {
  return static_cast<int>(std::ranges::count_if(emitted.operations, [](const operation& code) {
    return code.code == OP_LOAD || code.code == OP_LOAD_PAIR;
  }));
}

TEST(EmitOperations, ReadsASharedPointerOnce) {
  OperationGraph graph;
  const NodeId inner = graph.load(graph.argument(0), 16, 8, false, {});
  graph.store(graph.load(inner, 0, 4, true, {}), {}, 4, 0);
  graph.store(graph.load(inner, 4, 4, true, {}), {}, 4, 4);
  ASSERT_OK_AND_ASSIGN(const EmittedOperations emitted, emit_operations(graph, 8));
  EXPECT_EQ(loads_in(emitted), 3);
}

TEST(EmitOperations, WritesAChainAsItIsRead) {
  OperationGraph graph;
  graph.store(graph.load(graph.load(graph.argument(0), 16, 8, false, {}), 8, 2, true, {}), {}, 2, 4);
  ASSERT_OK_AND_ASSIGN(const EmittedOperations emitted, emit_operations(graph, 8));
  EXPECT_THAT(lines(emitted), ElementsAre("r0 = argument 0", "begin", "r0 = u64 [r0 + 16]",
                                          "r0 = s16 [r0 + 8]", "values +4, 2 = r0"));
}

// A value that failed for one user has failed for all of them, though each ends its own chain.
TEST(EmitOperations, KeepsWhatASharedValueWasWorth) {
  OperationGraph graph;
  const NodeId value = graph.load(graph.argument(0), 8, 4, true, {});
  graph.keep(graph.compare(OP_EQUAL, value, graph.constant(0), {}));
  graph.keep(graph.compare(OP_NOT_EQUAL, value, graph.constant(7), {}));
  ASSERT_OK_AND_ASSIGN(const EmittedOperations emitted, emit_operations(graph, 0));
  const std::array<std::uint64_t, 1> nil = {0};
  const auto result = collect::evaluate({.operations = emitted.operations, .arguments = nil},
                                        [](std::uint64_t, std::span<std::byte>) { return false; });
  for (const auto& [node, kept] : emitted.kept) {
    EXPECT_EQ(result.registers[kept], 0U);
  }
  EXPECT_EQ(loads_in(emitted), 1);
}

TEST(EmitOperations, ReadsZeroBehindANilWithoutFailing) {
  OperationGraph graph;
  const NodeId length = graph.load_or_zero(graph.argument(0), 0, {});
  const NodeId is_empty = graph.compare(OP_EQUAL, length, graph.constant(0), {});
  graph.keep(is_empty);
  ASSERT_OK_AND_ASSIGN(const EmittedOperations emitted, emit_operations(graph, 0));
  const std::array<std::uint64_t, 1> nil = {0};
  const auto result = collect::evaluate({.operations = emitted.operations, .arguments = nil},
                                        [](std::uint64_t, std::span<std::byte>) { return false; });
  EXPECT_EQ(result.registers[emitted.kept.at(is_empty)], 1U);
}

TEST(EmitOperations, UsesRegistersAgain) {
  OperationGraph graph;
  for (std::uint8_t i = 0; i < 9; ++i) {
    graph.store_string(graph.load(graph.argument(i), 0, 8, false, {}),
                       graph.load(graph.argument(i), 8, 8, false, {}), {}, 16, i * 18U, 0);
  }
  EXPECT_TRUE(emit_operations(graph, 0).has_value());
}

TEST(EmitOperations, ComputesCheapValuesAgainWhenRegistersAreFew) {
  OperationGraph graph;
  std::vector<NodeId> conditions;
  for (std::uint64_t i = 0; i < 12; ++i) {
    conditions.push_back(graph.compare(OP_EQUAL, graph.argument(i % 2), graph.constant(i + 1), {}));
  }
  for (const NodeId condition : conditions) {
    graph.keep(condition);
  }
  // The constants are needed a second time, when twelve registers are taken.
  for (std::uint64_t i = 0; i < 12; ++i) {
    graph.store(graph.arithmetic(OP_ADD, graph.argument(0), graph.constant(i + 1)), {}, 8, i * 8);
  }
  EXPECT_TRUE(emit_operations(graph, 0).has_value());
}

TEST(EmitOperations, RefusesMoreThanTheMachineHolds) {
  OperationGraph many;
  for (std::uint64_t i = 0; i < 40; ++i) {
    many.store(many.load(many.argument(0), i * 8, 8, false, {}), {}, 8, i * 8);
  }
  EXPECT_THAT(emit_operations(many, 0),
              IsError(ErrorCode::kUnsupported, HasSubstr("operations are needed, 64 are possible")));

  OperationGraph wide;
  for (std::uint64_t i = 0; i < 20; ++i) {
    wide.keep(wide.compare(OP_EQUAL, wide.argument(0), wide.constant(i), {}));
  }
  EXPECT_THAT(emit_operations(wide, 0), IsError(ErrorCode::kUnsupported, HasSubstr("more than 16 values")));
}

TEST(EmitOperations, AlignsTextsForTheKernelsComparison) {
  OperationGraph graph;
  const NodeId zero = graph.constant(0);
  graph.keep(graph.compare_text(OP_STRING_EQUAL, zero, zero, "ten bytes!", {}).value());
  graph.keep(graph.compare_text(OP_STRING_EQUAL, zero, zero, "abc", {}).value());
  graph.keep(graph.compare_text(OP_STRING_PREFIX, zero, zero, "abc", {}).value());
  EXPECT_EQ(graph.text().size(), 24U);
  EXPECT_EQ(graph.text().substr(16, 4), std::string("abc\0", 4));
}

TEST(EmitOperations, RefusesATextTheMachineCannotCompare) {
  OperationGraph graph;
  const NodeId zero = graph.constant(0);
  EXPECT_THAT(
      graph.compare_text(OP_STRING_EQUAL, zero, zero, std::string(ABI_LITERAL + 1, 'x'), {}),
      IsError(ErrorCode::kUnsupported, "a text of 65 bytes is too long to compare with; 64 are possible"));
}

}  // namespace
}  // namespace plan
