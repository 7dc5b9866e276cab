// Chains and the `valid` flag: operations that can fail run in a unit, which ends in one operation that looks
// at `valid` and sets it again (a comparison, a store). A value that several units need is a unit of its own;
// what it was worth is kept in a register (r == r gives `valid`) and required again by each unit that uses
// it.
#include "plan/compile/emit_operations.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "abi/limits.h"

namespace plan {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kNoRegister = -1;

// An operation on registers that are not yet numbered.
struct Instruction {
  operation code{};
  int target = kNoRegister;
  int left = kNoRegister;
  int right = kNoRegister;
  bool is_pair = false;         // writes target and its neighbour, target + 1
  bool changes_target = false;  // OP_CASE: reads the target too
};

// What costs nothing to compute again.
enum class Reuse { kAll, kNotConstants, kNothingCheap };

bool is_constant(const Node& node) {
  return node.code == OP_CONSTANT || node.code == OP_TYPE;
}

bool is_cheap(const Node& node) {
  return node.kind == Node::Kind::kOperation && (is_constant(node) || node.code == OP_ARGUMENT ||
                                                 node.code == OP_CAPTURED || node.code == OP_PANICKED);
}

bool is_guard(const Node& node) {
  return node.kind == Node::Kind::kOperation && node.code >= OP_REQUIRE_EQUAL && node.code <= OP_REQUIRE;
}

bool is_statement(const Node& node) {
  return node.kind >= Node::Kind::kStore;
}

// Sets `valid` again, whatever it was.
bool ends_chain(const Node& node) {
  return node.kind == Node::Kind::kStore || node.kind == Node::Kind::kLoadOrZero ||
         (node.kind == Node::Kind::kOperation && node.code >= OP_EQUAL && node.code <= OP_TRUTH);
}

// Which values several units need.
class Sharing {
 public:
  explicit Sharing(const OperationGraph* graph)
      : graph_(graph), is_used_(used_nodes()), units_(graph->nodes().size()) {
    for (std::size_t i = graph->nodes().size(); i-- > 0;) {
      if (is_used_[i]) {
        pass_units_on(static_cast<NodeId>(i));
      }
    }
  }

  [[nodiscard]] bool is_shared(NodeId id) const {
    const Node& node = (*graph_)[id];
    return node.can_fail && !is_guard(node) && node.kind != Node::Kind::kSecond && !is_statement(node) &&
           units_[index(id)].size() > 1;
  }

  [[nodiscard]] bool is_used(NodeId id) const { return is_used_[index(id)]; }

 private:
  static std::size_t index(NodeId id) { return static_cast<std::size_t>(id); }

  [[nodiscard]] std::vector<bool> used_nodes() const {
    std::vector<bool> is_used(graph_->nodes().size());
    std::vector<NodeId> open = graph_->statements();
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!is_used[index(id)]) {
        is_used[index(id)] = true;
        open.insert(open.end(), (*graph_)[id].inputs.begin(), (*graph_)[id].inputs.end());
        open.insert(open.end(), (*graph_)[id].guards.begin(), (*graph_)[id].guards.end());
      }
    }
    return is_used;
  }

  // Inputs come before the nodes that use them, so going backwards every user has its units already.
  void pass_units_on(NodeId id) {
    const Node& node = (*graph_)[id];
    std::set<NodeId> units = units_[index(id)];
    if (is_statement(node) || !node.can_fail || is_shared(id)) {
      units = {id};
    }
    for (const std::vector<NodeId>& used : {node.inputs, node.guards}) {
      for (const NodeId input : used) {
        units_[index(input)].insert(units.begin(), units.end());
      }
    }
  }

  const OperationGraph* graph_;  // the caller's
  std::vector<bool> is_used_;
  std::vector<std::set<NodeId>> units_;  // the units that need each node
};

class Emitter {
 public:
  Emitter(const OperationGraph* graph, std::uint64_t labels_size, Reuse reuse)
      : graph_(graph), sharing_(graph), labels_size_(labels_size), reuse_(reuse) {}

  void run() {
    for (const NodeId statement : graph_->statements()) {
      emit_statement(statement);
    }
  }

  [[nodiscard]] const std::vector<Instruction>& instructions() const { return instructions_; }

  [[nodiscard]] const std::map<NodeId, int>& kept() const { return kept_; }

  [[nodiscard]] int registers() const { return next_register_; }

 private:
  [[nodiscard]] const Node& node(NodeId id) const { return (*graph_)[id]; }

  [[nodiscard]] bool is_reused(const Node& n) const {
    return reuse_ == Reuse::kAll || !is_cheap(n) || (reuse_ == Reuse::kNotConstants && !is_constant(n));
  }

  void emit_statement(NodeId id) {
    const Node& statement = node(id);
    if (statement.kind == Node::Kind::kKeep) {
      emit_outside_chain(statement.inputs[0]);
      kept_[statement.inputs[0]] = register_of(statement.inputs[0]);
    } else {
      emit_unit(id);
    }
  }

  // Makes sure that a value which is no part of the current chain is in its register.
  void emit_outside_chain(NodeId id) {
    const Node& n = node(id);
    if (registers_.contains(id) || (is_cheap(n) && !is_reused(n))) {
      return;
    }
    if (n.kind == Node::Kind::kSecond) {
      emit_outside_chain(n.inputs[0]);
      registers_[id] = register_of(n.inputs[0]) + 1;
    } else if (sharing_.is_shared(id)) {
      emit_shared(id);
    } else if (n.can_fail || ends_chain(n)) {
      emit_unit(id);
    } else if (n.code == OP_CASE) {
      emit_cases(id);
    } else if (n.kind == Node::Kind::kOrZero && n.inputs.size() == 1) {
      emit_outside_chain(n.inputs[0]);
      registers_[id] = register_of(n.inputs[0]);
    } else {
      std::ranges::for_each(n.inputs, [this](NodeId input) { emit_outside_chain(input); });
      emit_operation(id);
      emit_companions(n);
    }
  }

  void emit_companions(const Node& n) {
    for (const NodeId companion : n.companions) {
      if (sharing_.is_used(companion)) {
        emit_outside_chain(companion);
      }
    }
  }

  void emit_cases(NodeId id) {
    const int target = next_register_++;
    Instruction zero;
    zero.code.code = OP_CONSTANT;
    zero.target = target;
    instructions_.push_back(zero);
    std::uint64_t number = 0;
    for (const NodeId condition : node(id).inputs) {
      emit_outside_chain(condition);
      Instruction one;
      one.code.code = OP_CASE;
      one.code.imm = ++number;
      one.target = target;
      one.left = register_of(condition);
      one.changes_target = true;
      instructions_.push_back(one);
    }
    registers_[id] = target;
  }

  // The nodes of one chain, and what it needs from outside.
  struct Chain {
    std::vector<NodeId> inside;   // in order
    std::vector<NodeId> outside;  // cannot fail
    std::vector<NodeId> shared;   // can fail, are units of their own
    std::set<NodeId> required;    // shared ones that are used other than as the base of a load
  };

  void collect(NodeId id, NodeId root, bool as_base, Chain& chain, std::set<NodeId>& seen) const {
    const Node& n = node(id);
    if (id != root && n.kind == Node::Kind::kSecond && sharing_.is_shared(n.inputs[0])) {
      chain.outside.push_back(id);
      collect(n.inputs[0], root, as_base, chain, seen);
      return;
    }
    if (id != root && sharing_.is_shared(id)) {
      if (!as_base) {
        chain.required.insert(id);
      }
      if (seen.insert(id).second) {
        chain.shared.push_back(id);
      }
      return;
    }
    if (id != root && !n.can_fail) {
      chain.outside.push_back(id);
      return;
    }
    if (!seen.insert(id).second) {
      return;
    }
    std::ranges::for_each(n.guards, [&](NodeId guard) { collect(guard, root, false, chain, seen); });
    const bool is_load = n.code == OP_LOAD || n.code == OP_LOAD_PAIR;
    std::ranges::for_each(n.inputs, [&](NodeId input) { collect(input, root, is_load, chain, seen); });
    chain.inside.push_back(id);
  }

  void emit_unit(NodeId root) {
    if (const std::optional<int> known = known_validity(root)) {
      registers_[root] = *known;
      return;
    }
    Chain chain;
    std::set<NodeId> seen;
    collect(root, root, false, chain, seen);
    for (const NodeId id : chain.shared) {
      emit_shared(id);
    }
    std::ranges::for_each(chain.outside, [this](NodeId id) { emit_outside_chain(id); });
    if (may_be_invalid_ &&
        (chain.inside.size() > 1 || !chain.shared.empty() || node(root).can_fail || ends_chain(node(root)))) {
      emit_plain(OP_BEGIN);
      may_be_invalid_ = false;
    }
    for (const NodeId id : chain.required) {
      emit_require(validity_.at(id));
    }
    std::ranges::for_each(chain.inside, [this](NodeId id) { emit_in_chain(id); });
    may_be_invalid_ = node(root).kind == Node::Kind::kLoadOrZero || !ends_chain(node(root));
  }

  // `r == r` of a shared value is its validity, which there is already.
  std::optional<int> known_validity(NodeId root) {
    const Node& n = node(root);
    if (n.kind != Node::Kind::kOperation || n.code != OP_EQUAL || n.inputs[0] != n.inputs[1] ||
        !n.guards.empty() || !sharing_.is_shared(n.inputs[0])) {
      return std::nullopt;
    }
    emit_shared(n.inputs[0]);
    return validity_.at(n.inputs[0]);
  }

  void emit_shared(NodeId id) {
    if (validity_.contains(id)) {
      return;
    }
    emit_unit(id);
    Instruction keep_valid;
    keep_valid.code.code = OP_EQUAL;
    keep_valid.left = register_of(id);
    keep_valid.right = keep_valid.left;
    keep_valid.target = next_register_++;
    instructions_.push_back(keep_valid);
    validity_[id] = keep_valid.target;
    may_be_invalid_ = false;
  }

  void emit_in_chain(NodeId id) {
    const Node& n = node(id);
    if (n.kind == Node::Kind::kSecond) {
      registers_[id] = register_of(n.inputs[0]) + 1;
    } else if (is_guard(n) || !registers_.contains(id)) {
      emit_operation(id);
    }
  }

  void emit_plain(operation_code code) {
    Instruction instruction;
    instruction.code.code = static_cast<__u8>(code);
    instructions_.push_back(instruction);
  }

  void emit_require(int validity) {
    Instruction instruction;
    instruction.code.code = OP_REQUIRE;
    instruction.left = validity;
    instructions_.push_back(instruction);
  }

  int register_of(NodeId id) {
    if (const auto known = registers_.find(id); known != registers_.end()) {
      return known->second;
    }
    return emit_operation(id);
  }

  int emit_operation(NodeId id) {
    const Node& n = node(id);
    Instruction instruction;
    instruction.left = n.inputs.empty() ? kNoRegister : register_of(n.inputs[0]);
    instruction.right = n.inputs.size() < 2 ? kNoRegister : register_of(n.inputs[1]);
    instruction.code.code = static_cast<__u8>(n.code);
    instruction.code.imm = n.imm + (n.behind_labels ? labels_size_ : 0);
    instruction.code.size = n.size;
    instruction.code.flags = n.flags;
    instruction.code.text = n.text;
    if (n.code == OP_ARGUMENT) {
      instruction.code.a = n.size;
      instruction.code.size = 0;
    }
    instruction.is_pair = n.code == OP_LOAD_PAIR;
    if (!is_guard(n) && !is_statement(n)) {
      instruction.target = next_register_;
      next_register_ += instruction.is_pair ? 2 : 1;
      if (is_reused(n)) {
        registers_[id] = instruction.target;
      }
    }
    instructions_.push_back(instruction);
    return instruction.target;
  }

  const OperationGraph* graph_;  // the caller's
  Sharing sharing_;
  std::uint64_t labels_size_;
  Reuse reuse_;
  std::vector<Instruction> instructions_;
  std::map<NodeId, int> registers_;
  std::map<NodeId, int> validity_;
  std::map<NodeId, int> kept_;
  int next_register_ = 0;
  bool may_be_invalid_ = true;
};

// Numbers the registers of straight-line code: a register is free again after its last use.
class RegisterAllocator {
 public:
  RegisterAllocator(const std::vector<Instruction>* instructions, int registers,
                    const std::map<NodeId, int>& kept)
      : instructions_(instructions),
        last_use_(static_cast<std::size_t>(registers), -1),
        number_(static_cast<std::size_t>(registers), kNoRegister) {
    for (std::size_t i = 0; i < instructions->size(); ++i) {
      const Instruction& instruction = (*instructions)[i];
      const int pair_second = instruction.is_pair ? instruction.target + 1 : kNoRegister;
      for (const int used : {instruction.left, instruction.right, instruction.target, pair_second}) {
        if (used != kNoRegister) {
          last_use_[static_cast<std::size_t>(used)] = static_cast<int>(i);
        }
      }
    }
    for (const auto& [id, used] : kept) {
      last_use_[static_cast<std::size_t>(used)] = static_cast<int>(instructions->size());
    }
  }

  // The operations; nothing where sixteen registers are too few.
  std::optional<std::vector<operation>> run() {
    std::vector<operation> operations;
    for (std::size_t i = 0; i < instructions_->size(); ++i) {
      const Instruction& instruction = (*instructions_)[i];
      operation code = instruction.code;
      code.a = instruction.left == kNoRegister ? code.a : number_of(instruction.left);
      code.b = instruction.right == kNoRegister ? code.b : number_of(instruction.right);
      release(static_cast<int>(i), instruction);
      if (instruction.target != kNoRegister) {
        if (!instruction.changes_target && !allocate(instruction)) {
          return std::nullopt;
        }
        code.d = number_of(instruction.target);
        release_unused(static_cast<int>(i), instruction);
      }
      operations.push_back(code);
    }
    return operations;
  }

  [[nodiscard]] std::uint8_t number_of(int virtual_register) const {
    return static_cast<std::uint8_t>(number_[static_cast<std::size_t>(virtual_register)]);
  }

 private:
  void release(int at, const Instruction& instruction) {
    for (const int used : {instruction.left, instruction.right}) {
      if (used != kNoRegister && last_use_[static_cast<std::size_t>(used)] == at &&
          used != instruction.target) {
        is_taken_[number_of(used)] = false;
      }
    }
  }

  // A result that nobody reads, such as the half of a pair.
  void release_unused(int at, const Instruction& instruction) {
    for (int i = 0; i < (instruction.is_pair ? 2 : 1); ++i) {
      const int target = instruction.target + i;
      if (last_use_[static_cast<std::size_t>(target)] == at) {
        is_taken_[number_of(target)] = false;
      }
    }
  }

  // Single registers from below, pairs from above, so that neighbours stay free.
  bool allocate(const Instruction& instruction) {
    if (instruction.is_pair) {
      for (int first = ABI_REGISTERS - 2; first >= 0; --first) {
        if (!is_taken_[static_cast<std::size_t>(first)] && !is_taken_[static_cast<std::size_t>(first) + 1]) {
          take(instruction.target, first);
          take(instruction.target + 1, first + 1);
          return true;
        }
      }
      return false;
    }
    const auto free = std::ranges::find(is_taken_, false);
    if (free == is_taken_.end()) {
      return false;
    }
    take(instruction.target, static_cast<int>(free - is_taken_.begin()));
    return true;
  }

  void take(int virtual_register, int number) {
    number_[static_cast<std::size_t>(virtual_register)] = number;
    is_taken_[static_cast<std::size_t>(number)] = true;
  }

  const std::vector<Instruction>* instructions_;  // the caller's
  std::vector<int> last_use_;
  std::vector<int> number_;
  std::array<bool, ABI_REGISTERS> is_taken_{};
};

std::optional<EmittedOperations> try_emit(const OperationGraph& graph, std::uint64_t labels_size,
                                          Reuse reuse) {
  Emitter emitter(&graph, labels_size, reuse);
  emitter.run();
  RegisterAllocator allocator(&emitter.instructions(), emitter.registers(), emitter.kept());
  std::optional<std::vector<operation>> operations = allocator.run();
  if (!operations) {
    return std::nullopt;
  }
  EmittedOperations emitted;
  emitted.operations = std::move(*operations);
  for (const auto& [id, used] : emitter.kept()) {
    emitted.kept[id] = allocator.number_of(used);
  }
  return emitted;
}

}  // namespace

Result<EmittedOperations> emit_operations(const OperationGraph& graph, std::uint64_t labels_size) {
  std::size_t shortest = 0;
  for (const Reuse reuse : {Reuse::kAll, Reuse::kNotConstants, Reuse::kNothingCheap}) {
    std::optional<EmittedOperations> emitted = try_emit(graph, labels_size, reuse);
    if (emitted && emitted->operations.size() <= ABI_OPERATIONS) {
      return *std::move(emitted);
    }
    shortest = emitted && shortest == 0 ? emitted->operations.size() : shortest;
  }
  if (shortest == 0) {
    return fail(ErrorCode::kUnsupported, "more than {} values are needed at once; split the probe in two",
                +ABI_REGISTERS);
  }
  return fail(ErrorCode::kUnsupported, "{} operations are needed, {} are possible; split the probe in two",
              shortest, +ABI_OPERATIONS);
}

}  // namespace plan
