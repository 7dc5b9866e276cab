// An expression and the types of the function it is about -> values in the graphs of its phases.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "plan/compile/field_path.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/function_scope.hpp"

namespace plan {

// The three programs of one probe. The entry keeps words for the other two behind the label values.
struct PhaseGraphs {
  OperationGraph enter;
  OperationGraph leave;
  std::vector<std::pair<NodeId, Guards>>
      captured;  // values in `enter`, by number: the words behind the labels

  // The place of a value among the words behind the labels.
  std::uint64_t capture(NodeId node, const Guards& guards);
};

class ExpressionCompiler {
 public:
  enum class Moment {
    kEntry,
    kReturn,  // what only needs arguments is worked out at entry and kept
    kPoll,    // long after the entry: roots are kept words, everything else is read anew
  };

  // `graph` belongs to `moment`: graphs->enter, graphs->leave, or that of the poll.
  ExpressionCompiler(const FunctionScope* scope, TypeLookup* lookup, const inspect::BinaryFacts* facts,
                     PhaseGraphs* graphs, OperationGraph* graph, Moment moment);

  // Unread: labels and comparisons decide how to read it.
  base::Result<Value> evaluate(const config::Expression& expression);
  // As a number, text or condition where it is one.
  base::Result<Value> evaluate_read(const config::Expression& expression);
  // The same, and what a pointer to a number, text or condition points to.
  base::Result<Value> evaluate_basic(const config::Expression& expression);
  base::Result<Integer> evaluate_integer(const config::Expression& expression);
  // A node that is 0 or 1, whatever happens on the way.
  base::Result<NodeId> evaluate_condition(const config::Expression& expression);

  // What the expressions read so far, for people; forgets it.
  std::vector<std::string> take_paths();

  // What people should know of the expressions so far; forgets it.
  std::vector<std::string> take_notes();

  // Results mean nothing when the call has panicked; needed where a phase also runs then.
  void guard_results_against_panics() { guards_results_ = true; }

 private:
  base::Result<Value> evaluate_identifier(const config::Expression& expression);
  base::Result<Value> evaluate_selector(const config::Expression& expression);
  base::Result<Value> evaluate_assertion(const config::Expression& expression);
  base::Result<Value> evaluate_index(const config::Expression& expression);
  base::Result<Value> evaluate_call(const config::Expression& expression);
  base::Result<Value> evaluate_unary(const config::Expression& expression);
  base::Result<Value> evaluate_binary(const config::Expression& expression);
  base::Result<Value> evaluate_logic(const config::Expression& expression);
  base::Result<Value> evaluate_arithmetic(const config::Expression& expression);
  base::Result<Value> evaluate_comparison(const config::Expression& expression);
  base::Result<Value> evaluate_at_entry(const config::Expression& expression);
  base::Result<Value> evaluate_late(const config::Expression& expression);
  base::Result<Value> length_of(const config::Expression& expression);
  base::Result<Value> capacity_of(const config::Expression& expression);
  base::Result<Value> channel_word(const Place& channel, const char* field);
  base::Result<Value> text_of(const config::Expression& expression);
  base::Result<Value> bytes_of(const Place& place);
  base::Result<Value> basic(const Value& value);
  base::Result<Value> affix(const config::Expression& expression);

  base::Result<> note_other_holders(const config::Expression& assertion, inspect::TypeId asserted,
                                    const std::string& field);
  base::Result<Place> evaluate_place(const config::Expression& expression);
  base::Result<Place> root_at_entry(const ScopeName& name, const std::string& text);
  // What the caller passes under a name: the variable, or where it is.
  Place passed(const ScopeName& name, const std::string& text);
  // What lies at `offset` in the object of the probed closure.
  Place in_closure(inspect::TypeId type, std::uint64_t offset, const std::string& text);
  base::Result<Place> root_captured(const ScopeName& name, const std::string& text);
  Place place_of(const AbiValue& value, OperationGraph& graph, const std::string& text);
  base::Result<std::optional<NodeId>> claims_fit(const std::vector<AbiValue>& values, OperationGraph& graph,
                                                 const Guards& guards);
  base::Result<Guards> guards_of_claim(const ScopeName& name);
  // kUnsupported: where the value lies is not known.
  [[nodiscard]] base::Result<> expect_placed(const ScopeName& name, const std::string& text) const;
  base::Result<Value> captured(Value value);
  base::Result<Value> read(const Value& value);
  base::Result<Integer> as_integer(const Value& value, const config::Expression& expression);
  base::Result<NodeId> as_condition(const Value& value, const config::Expression& expression);

  [[nodiscard]] PathContext context() const { return {graph_, lookup_, facts_}; }

  const FunctionScope* scope_;  // the caller's, as all pointers here
  TypeLookup* lookup_;
  const inspect::BinaryFacts* facts_;
  PhaseGraphs* graphs_;
  OperationGraph* graph_;
  Moment moment_;
  bool roots_captured_;
  bool guards_results_ = false;
  std::vector<std::string> paths_;
  std::vector<std::string> notes_;
};

}  // namespace plan
