// One function and what a probe wants of it -> the two programs of a PlannedProbe, without sites and names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/compile/compile_expression.hpp"
#include "plan/compile/store_label.hpp"
#include "plan/language/function_scope.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// How a value read within another function arrives, or why it does not. The offset is that in the helper's
// values.
using WithinFields = std::map<const config::ValueLabel*, base::Result<LabelField>>;

struct ProbeRequest {
  const config::Probe* probe = nullptr;
  const config::ProbeConfig* config = nullptr;
  const WithinFields* within = nullptr;
};

// A value that a helper reads for labels of other probes.
struct WithinRead {
  config::LocatedExpression value;
  TextForm form;
};

class ProbeCompiler {
 public:
  ProbeCompiler(const FunctionScope* scope, TypeLookup* lookup, const inspect::BinaryFacts* facts);

  // Errors name the label, condition or record, and say what to do.
  base::Result<PlannedProbe> compile(const ProbeRequest& request);
  // Reads for other probes: the fields of `labels` in the result are those of `reads`, in order.
  base::Result<PlannedProbe> compile_helper(const std::vector<WithinRead>& reads);
  base::Result<PlannedProbe> compile_identity(const config::IdentityLabel& label);

 private:
  // A record whose registers are known only when the operations are.
  struct PendingRecord {
    std::size_t index = 0;  // in probe_.records
    std::optional<NodeId> value;
    std::optional<NodeId> when;
    std::optional<std::uint64_t> object;  // capture offset
    std::optional<OperationGraph> poll;
  };

  ExpressionCompiler& compiler_at(bool at_return) { return at_return ? at_return_ : at_entry_; }

  OperationGraph& graph_at(bool at_return) { return at_return ? graphs_.leave : graphs_.enter; }

  [[nodiscard]] base::Result<bool> needs_return(const config::Expression& expression) const;
  void note_read(std::string what, bool at_return, const std::string& text);

  base::Result<> add_label(const config::Label& label, const WithinFields& within);
  base::Result<LabelField> add_value(const config::ValueLabel& source, bool at_return);
  base::Result<LabelField> add_cases(const config::CasesLabel& source, bool at_return);
  base::Result<LabelField> add_within(const config::ValueLabel& source, const WithinFields& within);
  base::Result<LabelField> add_first(const std::string& name, const config::FirstLabel& source,
                                     const WithinFields& within, bool at_return);
  base::Result<LabelField> add_alternative(const config::ValueLabel& source, const WithinFields& within,
                                           bool at_return);
  [[nodiscard]] bool is_first_late(const config::FirstLabel& source) const;
  void place_label(LabelField field, bool at_return);
  base::Result<> set_condition(const config::LocatedExpression& condition);
  base::Result<> add_conjunct(const config::Expression& part, std::optional<NodeId>& enter,
                              std::optional<NodeId>& leave);

  base::Result<> add_record(const config::Record& record, const config::Metric& metric);
  [[nodiscard]] base::Result<bool> fires_at_return(const config::Record& record) const;
  base::Result<> add_reads(const config::Record& record, const config::Metric& metric, PlannedRecord& planned,
                           PendingRecord& pending);
  base::Result<> add_number(const config::Record& record, const config::Metric& metric,
                            PlannedRecord& planned, PendingRecord& pending);
  base::Result<> add_object(const config::Record& record, const PlannedRecord& planned,
                            PendingRecord& pending);
  base::Result<> add_poll(const config::Record& record, const config::Metric& metric, PlannedRecord& planned,
                          PendingRecord& pending);
  base::Result<> require_labels_at_entry(const config::Metric& metric, const char* what) const;
  [[nodiscard]] base::Result<std::optional<std::string>> first_root(
      const config::Expression& expression) const;
  void add_condition_to(PendingRecord& pending, NodeId condition, bool at_return);
  void take_slots(PlannedRecord& planned);

  base::Result<PlannedProbe> finish();
  void note_early_reads(const ProbeRequest& request);
  base::Result<> finish_phases();
  base::Result<> finish_records(const std::map<NodeId, std::uint8_t>& enter,
                                const std::map<NodeId, std::uint8_t>& leave);
  [[nodiscard]] base::Result<> check_limits() const;

  const FunctionScope* scope_;  // the caller's, as all pointers here
  TypeLookup* lookup_;
  const inspect::BinaryFacts* facts_;
  PhaseGraphs graphs_;
  ExpressionCompiler at_entry_;
  ExpressionCompiler at_return_;
  PlannedProbe probe_;
  std::vector<PendingRecord> pending_;
  std::set<std::string> labels_at_return_;
  bool has_entry_labels_ = false;
  bool needs_frame_ = false;
  bool needs_leave_ = false;
  std::optional<NodeId> enter_when_;
  std::optional<NodeId> leave_when_;
  std::uint16_t values_end_ = 0;
};

}  // namespace plan
