// What an expression is worth: Go values that are not read yet, numbers, texts, conditions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inspect/type_table.hpp"
#include "plan/compile/operation_graph.hpp"

namespace plan {

// A Go value where it lies: in registers (or captured words), or in memory.
struct Place {
  struct Leaf {
    std::uint64_t offset = 0;  // in the value the leaves belong to
    std::uint64_t size = 0;
    bool is_float = false;
    std::optional<NodeId> word;  // none: a register that cannot be read
  };

  inspect::TypeId type = inspect::TypeId::kNone;
  std::optional<NodeId> base;  // memory: the address that `offset` counts from
  std::vector<Leaf> leaves;    // registers
  std::uint64_t offset = 0;
  Guards guards;
  std::string path;  // for people: "RDI -> .Payload +24"
};

struct Integer {
  NodeId node{};
  Guards guards;
  std::uint8_t size = 8;
  bool is_signed = true;
  bool is_nanoseconds = false;  // a time.Duration
};

// `is_condition`: made by a comparison, so never invalid. Otherwise a bool of the program.
struct Boolean {
  NodeId node{};
  Guards guards;
  bool is_condition = true;
};

struct Text {
  NodeId pointer{};
  NodeId length{};
  Guards guards;
};

// The address of the type that an interface holds, 0 for nil.
struct DynamicType {
  NodeId address{};
  Guards guards;
  inspect::TypeId interface = inspect::TypeId::kNone;
};

struct IntegerConstant {
  std::int64_t value = 0;
};

struct TextConstant {
  std::string value;
  bool is_function_name = false;  // `func`
};

struct BooleanConstant {
  bool value = false;
};

struct Nil {};

using Value = std::variant<Place, Integer, Boolean, Text, DynamicType, IntegerConstant, TextConstant,
                           BooleanConstant, Nil>;

}  // namespace plan
