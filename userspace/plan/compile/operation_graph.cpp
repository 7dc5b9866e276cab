#include "plan/compile/operation_graph.hpp"

#include <algorithm>

#include "abi/limits.h"

namespace plan {
namespace {

Node operation_node(operation_code code, std::vector<NodeId> inputs = {}, Guards guards = {}) {
  Node node;
  node.code = code;
  node.inputs = std::move(inputs);
  node.guards = std::move(guards);
  return node;
}

bool ends_chain(const Node& node) {
  return node.kind == Node::Kind::kLoadOrZero ||
         (node.kind == Node::Kind::kOperation && node.code >= OP_EQUAL && node.code <= OP_TRUTH);
}

bool fails_by_itself(const Node& node) {
  return node.kind == Node::Kind::kOperation && (node.code == OP_LOAD || node.code == OP_LOAD_PAIR ||
                                                 (node.code >= OP_REQUIRE_EQUAL && node.code <= OP_REQUIRE));
}

}  // namespace

NodeId OperationGraph::add(Node node) {
  std::ranges::sort(node.guards);
  const auto duplicates = std::ranges::unique(node.guards);
  node.guards.erase(duplicates.begin(), duplicates.end());
  const Key key{static_cast<int>(node.kind),
                node.code,
                node.inputs,
                node.guards,
                node.imm,
                node.size,
                node.flags,
                node.text};
  if (const auto known = known_.find(key); known != known_.end()) {
    return known->second;
  }
  const auto input_fails = [this](NodeId id) { return can_fail(id); };
  node.can_fail =
      node.kind != Node::Kind::kOrZero && !ends_chain(node) &&
      (fails_by_itself(node) || !node.guards.empty() || std::ranges::any_of(node.inputs, input_fails));
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(std::move(node));
  known_.emplace(key, id);
  return id;
}

void OperationGraph::add_statement(Node node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(std::move(node));
  statements_.push_back(id);
}

NodeId OperationGraph::argument(std::uint8_t number) {
  Node node = operation_node(OP_ARGUMENT);
  node.size = number;  // becomes the operation's `a`
  return add(std::move(node));
}

NodeId OperationGraph::captured(std::uint64_t offset) {
  Node node = operation_node(OP_CAPTURED);
  node.imm = offset;
  node.behind_labels = true;
  return add(std::move(node));
}

NodeId OperationGraph::constant(std::uint64_t value) {
  Node node = operation_node(OP_CONSTANT);
  node.imm = value;
  return add(std::move(node));
}

NodeId OperationGraph::type_address(std::uint64_t descriptor) {
  Node node = operation_node(OP_TYPE);
  node.imm = descriptor;
  return add(std::move(node));
}

NodeId OperationGraph::panicked() {
  return add(operation_node(OP_PANICKED));
}

NodeId OperationGraph::in_flight() {
  return add(operation_node(OP_IN_FLIGHT));
}

NodeId OperationGraph::load(NodeId base, std::uint64_t offset, std::uint8_t size, bool is_signed,
                            Guards guards) {
  Node node = operation_node(OP_LOAD, {base}, std::move(guards));
  node.imm = offset;
  node.size = size;
  node.flags = is_signed && size < 8 ? OPERATION_SIGNED : 0;
  return add(std::move(node));
}

std::pair<NodeId, NodeId> OperationGraph::load_pair(NodeId base, std::uint64_t offset, Guards guards) {
  Node node = operation_node(OP_LOAD_PAIR, {base}, std::move(guards));
  node.imm = offset;
  const NodeId first = add(std::move(node));
  Node second;
  second.kind = Node::Kind::kSecond;
  second.inputs = {first};
  return {first, add(std::move(second))};
}

NodeId OperationGraph::load_or_zero(NodeId pointer, std::uint64_t offset, Guards guards) {
  Node node = operation_node(OP_LOAD, {pointer}, std::move(guards));
  node.kind = Node::Kind::kLoadOrZero;
  node.imm = offset;
  node.size = 8;
  return add(std::move(node));
}

NodeId OperationGraph::value_or_zero(NodeId value, const Guards& guards) {
  if (guards.empty() && !can_fail(value)) {
    return value;
  }
  Node node;
  node.kind = Node::Kind::kOrZero;
  node.inputs = {value};
  const Node& of = (*this)[value];
  const bool is_load = of.kind == Node::Kind::kSecond || of.code == OP_LOAD || of.code == OP_LOAD_PAIR;
  if (!guards.empty() || !is_load) {
    node.code = OP_MULTIPLY;
    node.inputs.push_back(is_valid(value, guards));
  }
  return add(std::move(node));
}

NodeId OperationGraph::extend(NodeId value, std::uint8_t size, bool is_signed) {
  if (size >= 8) {
    return value;
  }
  Node node = operation_node(OP_EXTEND, {value});
  node.size = size;
  node.flags = is_signed ? OPERATION_SIGNED : 0;
  return add(std::move(node));
}

NodeId OperationGraph::arithmetic(operation_code code, NodeId left, NodeId right) {
  return add(operation_node(code, {left, right}));
}

NodeId OperationGraph::dynamic_type(NodeId address) {
  return add(operation_node(OP_DYNAMIC_TYPE, {address}));
}

NodeId OperationGraph::require_equal(NodeId left, NodeId right, Guards guards) {
  return add(operation_node(OP_REQUIRE_EQUAL, {left, right}, std::move(guards)));
}

NodeId OperationGraph::require_above(NodeId value, std::uint64_t limit, Guards guards) {
  Node node = operation_node(OP_REQUIRE_ABOVE, {value}, std::move(guards));
  node.imm = limit;
  return add(std::move(node));
}

NodeId OperationGraph::require(NodeId value, Guards guards) {
  return add(operation_node(OP_REQUIRE, {value}, std::move(guards)));
}

NodeId OperationGraph::compare(operation_code code, NodeId left, NodeId right, Guards guards) {
  return add(operation_node(code, {left, right}, std::move(guards)));
}

NodeId OperationGraph::truth(NodeId value, Guards guards) {
  return add(operation_node(OP_TRUTH, {value}, std::move(guards)));
}

NodeId OperationGraph::is_interface(NodeId itab, NodeId data, std::uint64_t descriptor, Guards guards) {
  Node node = operation_node(OP_INTERFACE, {itab, data}, std::move(guards));
  node.imm = descriptor;
  return add(std::move(node));
}

base::Result<NodeId> OperationGraph::compare_text(operation_code code, NodeId pointer, NodeId length,
                                                  std::string_view text, Guards guards) {
  if (text.size() > ABI_LITERAL) {
    return base::fail(base::ErrorCode::kUnsupported,
                      "a text of {} bytes is too long to compare with; {} are possible", text.size(),
                      +ABI_LITERAL);
  }
  // The kernel compares eight bytes at a time: texts begin at multiples of eight and are filled up with
  // zeros.
  std::string padded(text);
  padded.resize((text.size() + 7) / 8 * 8);
  std::size_t at = 0;
  while (at < text_.size() && text_.compare(at, padded.size(), padded) != 0) {
    at += 8;
  }
  if (at >= text_.size()) {
    at = text_.size();
    text_ += padded;
  }
  if (text_.size() > ABI_TEXT) {
    return base::fail(base::ErrorCode::kUnsupported, "more than {} bytes of texts to compare with",
                      +ABI_TEXT);
  }
  Node node = operation_node(code, {pointer, length}, std::move(guards));
  node.imm = at;
  node.size = static_cast<std::uint8_t>(text.size());
  return add(std::move(node));
}

NodeId OperationGraph::logic(operation_code code, NodeId left, NodeId right) {
  return left == right ? left : add(operation_node(code, {left, right}));
}

void OperationGraph::compute_after(NodeId first, std::vector<NodeId> companions) {
  nodes_[static_cast<std::uint32_t>(first)].companions = std::move(companions);
}

NodeId OperationGraph::negation(NodeId condition) {
  return add(operation_node(OP_NOT, {condition}));
}

NodeId OperationGraph::first_true(std::vector<NodeId> conditions) {
  return add(operation_node(OP_CASE, std::move(conditions)));
}

void OperationGraph::store(NodeId value, Guards guards, std::uint8_t size, std::uint64_t offset,
                           std::uint8_t flags) {
  Node node = operation_node(OP_STORE, {value}, std::move(guards));
  node.kind = Node::Kind::kStore;
  node.flags = flags;
  node.size = size;
  node.imm = offset;
  add_statement(std::move(node));
}

void OperationGraph::store_behind_labels(NodeId value, Guards guards, std::uint64_t offset) {
  store(value, std::move(guards), 8, offset);
  nodes_.back().behind_labels = true;
}

void OperationGraph::store_string(NodeId pointer, NodeId length, Guards guards, std::uint16_t capacity,
                                  std::uint64_t offset, std::uint8_t flags) {
  Node node = operation_node(OP_STORE_STRING, {pointer, length}, std::move(guards));
  node.kind = Node::Kind::kStore;
  node.text = capacity;
  node.flags = flags;
  node.imm = offset;
  add_statement(std::move(node));
}

void OperationGraph::keep(NodeId value) {
  Node node = operation_node(OP_END, {value});
  node.kind = Node::Kind::kKeep;
  add_statement(std::move(node));
}

void OperationGraph::result(NodeId value, Guards guards) {
  Node node = operation_node(OP_EXTEND, {value}, std::move(guards));
  node.kind = Node::Kind::kResult;
  node.size = 8;
  add_statement(std::move(node));
}

}  // namespace plan
