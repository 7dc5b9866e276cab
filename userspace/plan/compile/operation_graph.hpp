// What one phase computes, as a graph: equal values are one node, so a pointer chain that two labels share is
// read once. emit_operations() turns it into the list of abi/operation.h.
//
// A node that can fail (it reads memory, or depends on one that does) says so; a comparison, a store or
// load_or_zero ends the chain: it has a value whether the chain failed or not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "abi/operation.h"
#include "base/error.hpp"

namespace plan {

enum class NodeId : std::uint32_t {};

// Requirements that must hold before a value means something: type assertions, index checks.
using Guards = std::vector<NodeId>;

struct Node {
  enum class Kind {
    kOperation,
    kSecond,      // the second word of the pair inputs[0]
    kLoadOrZero,  // OP_LOAD whose nil pointer gives 0
    kOrZero,      // the load inputs[0], which gives 0 where it fails
    kStore,       // a statement: OP_STORE, OP_STORE_STRING
    kKeep,        // a statement: inputs[0] stays in its register to the end of the phase
    kResult,      // a statement: inputs[0] ends in register 0, `valid` tells whether it means something
  };
  Kind kind = Kind::kOperation;
  operation_code code = OP_END;
  std::vector<NodeId> inputs;
  Guards guards;
  std::uint64_t imm = 0;
  std::uint8_t size = 0;
  std::uint8_t flags = 0;
  std::uint16_t text = 0;
  bool behind_labels = false;  // imm counts from the end of the label values
  bool can_fail = false;
  // What is best computed right after this one, if at all: it needs the same values, which need not be kept
  // then.
  std::vector<NodeId> companions;
};

class OperationGraph {
 public:
  // ---- values ----
  NodeId argument(std::uint8_t number);
  // A word of the values behind the labels, stored at entry.
  NodeId captured(std::uint64_t offset);
  NodeId constant(std::uint64_t value);
  NodeId type_address(std::uint64_t descriptor);
  NodeId panicked();
  NodeId in_flight();
  NodeId load(NodeId base, std::uint64_t offset, std::uint8_t size, bool is_signed, Guards guards);
  // The two words at base + offset.
  std::pair<NodeId, NodeId> load_pair(NodeId base, std::uint64_t offset, Guards guards);
  // The u64 at `pointer`; 0 where `pointer` is nil.
  NodeId load_or_zero(NodeId pointer, std::uint64_t offset, Guards guards);
  // The value; 0 where it or a guard fails.
  NodeId value_or_zero(NodeId value, const Guards& guards);
  NodeId extend(NodeId value, std::uint8_t size, bool is_signed);
  NodeId arithmetic(operation_code code, NodeId left, NodeId right);
  NodeId dynamic_type(NodeId address);

  // ---- guards ----
  NodeId require_equal(NodeId left, NodeId right, Guards guards);
  NodeId require_above(NodeId value, std::uint64_t limit, Guards guards);
  NodeId require(NodeId value, Guards guards);

  // ---- booleans: 0 where the chain failed ----
  NodeId compare(operation_code code, NodeId left, NodeId right, Guards guards);
  NodeId truth(NodeId value, Guards guards);

  // Whether two words can be those of an interface of the type with this descriptor. If not, that is a loss.
  NodeId is_interface(NodeId itab, NodeId data, std::uint64_t descriptor, Guards guards);

  NodeId is_valid(NodeId value, const Guards& guards) { return compare(OP_EQUAL, value, value, guards); }

  // kUnsupported: the text is too long for the machine.
  base::Result<NodeId> compare_text(operation_code code, NodeId pointer, NodeId length, std::string_view text,
                                    Guards guards);
  NodeId logic(operation_code code, NodeId left, NodeId right);
  void compute_after(NodeId first, std::vector<NodeId> companions);
  NodeId negation(NodeId condition);
  // 1 + the index of the first true condition, 0 where none is.
  NodeId first_true(std::vector<NodeId> conditions);

  // ---- statements, in the order they run ----
  // `flags`: 0 or OPERATION_IF_ABSENT.
  void store(NodeId value, Guards guards, std::uint8_t size, std::uint64_t offset, std::uint8_t flags = 0);
  void store_behind_labels(NodeId value, Guards guards, std::uint64_t offset);
  // `flags`: of OPERATION_GROUP_PATH and OPERATION_IF_ABSENT.
  void store_string(NodeId pointer, NodeId length, Guards guards, std::uint16_t capacity,
                    std::uint64_t offset, std::uint8_t flags);
  void keep(NodeId value);
  void result(NodeId value, Guards guards);

  [[nodiscard]] bool can_fail(NodeId id) const { return (*this)[id].can_fail; }

  [[nodiscard]] const Node& operator[](NodeId id) const { return nodes_[static_cast<std::uint32_t>(id)]; }

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  [[nodiscard]] const std::vector<NodeId>& statements() const { return statements_; }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  using Key = std::tuple<int, int, std::vector<NodeId>, Guards, std::uint64_t, int, int, int>;

  NodeId add(Node node);
  void add_statement(Node node);

  std::vector<Node> nodes_;
  std::map<Key, NodeId> known_;
  std::vector<NodeId> statements_;
  std::string text_;
};

}  // namespace plan
