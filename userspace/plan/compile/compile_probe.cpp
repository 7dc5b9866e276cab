#include "plan/compile/compile_probe.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "abi/limits.h"
#include "config/expression_uses.hpp"
#include "plan/compile/compare_values.hpp"
#include "plan/compile/emit_operations.hpp"
#include "plan/compile/metric_units.hpp"
#include "plan/compile/probe_expressions.hpp"
#include "plan/compile/read_place.hpp"
#include "plan/compile/store_label.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using config::Expression;
using config::LocatedExpression;
using config::RecordKind;

namespace {

constexpr std::uint64_t kWord = 8;

const config::Metric* metric_named(const config::ProbeConfig& config, const std::string& name) {
  const auto found = std::ranges::find(config.metrics, name, &config::Metric::name);
  return found == config.metrics.end() ? nullptr : &*found;
}

// A label that no metric of the probe has only makes more series. What a pair's end reads, its beginning has
// stored.
bool is_label_used(const ProbeRequest& request, const std::string& label) {
  return std::ranges::any_of(request.probe->records, [&](const config::Record& record) {
    const config::Metric* metric = metric_named(*request.config, record.metric);
    return record.kind != RecordKind::kPairDown && metric != nullptr &&
           std::ranges::find(metric->labels, label) != metric->labels.end();
  });
}

// Whether it is a label of a gauge that shows running calls.
bool is_needed_at_entry(const ProbeRequest& request, const PlannedRead& read) {
  return std::ranges::any_of(request.probe->records, [&](const config::Record& record) {
    const config::Metric* const metric = metric_named(*request.config, record.metric);
    const bool shows_running = record.kind == RecordKind::kInFlight || record.kind == RecordKind::kPoll;
    return shows_running && metric != nullptr &&
           std::ranges::any_of(metric->labels, [&](const std::string& label) {
             return (read.what + " ").starts_with("label " + label + " ");
           });
  });
}

const char* key_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCount:
      return "add";
    case RecordKind::kDuration:
      return "duration";
    case RecordKind::kObserve:
      return "observe";
    case RecordKind::kInFlight:
      return "in_flight";
    case RecordKind::kPairUp:
    case RecordKind::kPairDown:
      return "key";
    case RecordKind::kSet:
      return "set";
    case RecordKind::kPoll:
      return "poll";
  }
  return "";
}

}  // namespace

ProbeCompiler::ProbeCompiler(const FunctionScope* scope, TypeLookup* lookup,
                             const inspect::BinaryFacts* facts)
    : scope_(scope),
      lookup_(lookup),
      facts_(facts),
      at_entry_(scope, lookup, facts, &graphs_, &graphs_.enter, ExpressionCompiler::Moment::kEntry),
      at_return_(scope, lookup, facts, &graphs_, &graphs_.leave, ExpressionCompiler::Moment::kReturn) {}

Result<bool> ProbeCompiler::needs_return(const Expression& expression) const {
  ASSIGN_OR_RETURN(const std::uint8_t moments, scope_->moments_of(expression));
  return (moments & kAtReturn) != 0;
}

void ProbeCompiler::note_read(std::string what, bool at_return, const std::string& text) {
  probe_.reads.push_back({std::move(what), at_return, text, compiler_at(at_return).take_paths()});
  for (std::string& note : compiler_at(at_return).take_notes()) {
    if (std::ranges::find(probe_.notes, note) == probe_.notes.end()) {
      probe_.notes.push_back(std::move(note));
    }
  }
}

// ---- labels ----

void ProbeCompiler::place_label(LabelField field, bool at_return) {
  const bool takes_bytes =
      field.kind != LabelField::Kind::kConstant && field.kind != LabelField::Kind::kFunction;
  if (takes_bytes) {
    values_end_ = end_of(field);
    if (at_return) {
      labels_at_return_.insert(field.name);
      needs_leave_ = true;
    } else {
      has_entry_labels_ = true;
    }
  }
  probe_.labels.push_back(std::move(field));
}

Result<LabelField> ProbeCompiler::add_value(const config::ValueLabel& source, bool at_return) {
  ASSIGN_OR_RETURN(const Value value, compiler_at(at_return).evaluate_basic(source.value.expression));
  Result<LabelField> field =
      store_label(graph_at(at_return), *lookup_, value, values_end_, form_of(source), Presence::kWhereNeeded);
  if (!field) {
    return with_context(std::move(field.error()), "{}", source.value.text);
  }
  std::ranges::copy(source.transforms, std::back_inserter(field->transforms));
  field->absent = absent_text(source.transforms);
  return field;
}

Result<LabelField> ProbeCompiler::add_cases(const config::CasesLabel& source, bool at_return) {
  LabelField field;
  field.kind = LabelField::Kind::kCase;
  field.offset = values_end_;
  field.size = 1;
  field.cases.push_back(source.otherwise);
  std::vector<NodeId> conditions;
  for (const config::CasesLabel::Case& one : source.cases) {
    ASSIGN_OR_RETURN(const NodeId condition,
                     compiler_at(at_return).evaluate_condition(one.condition.expression));
    conditions.push_back(condition);
    field.cases.push_back(one.name);
  }
  OperationGraph& graph = graph_at(at_return);
  graph.store(graph.first_true(std::move(conditions)), {}, 1, field.offset);
  return field;
}

Result<LabelField> ProbeCompiler::add_within(const config::ValueLabel& source, const WithinFields& within) {
  Result<LabelField> field = within.at(&source);
  if (!field) {
    return with_context(std::move(field.error()), "within");
  }
  field->offset = static_cast<std::uint16_t>(values_end_ + 1);
  needs_frame_ = true;
  return field;
}

// All alternatives are stored in one phase, so that their order is that of the file.
bool ProbeCompiler::is_first_late(const config::FirstLabel& source) const {
  return std::ranges::any_of(source.alternatives, [this](const config::ValueLabel& one) {
    const Result<bool> is_late = needs_return(one.value.expression);
    return one.within || (is_late && *is_late);
  });
}

Result<LabelField> ProbeCompiler::add_alternative(const config::ValueLabel& source,
                                                  const WithinFields& within, bool at_return) {
  if (source.within) {
    return add_within(source, within);
  }
  ASSIGN_OR_RETURN(const Value value, compiler_at(at_return).evaluate_basic(source.value.expression));
  return store_alternative(graph_at(at_return), *lookup_, value, values_end_, form_of(source));
}

Result<LabelField> ProbeCompiler::add_first(const std::string& name, const config::FirstLabel& source,
                                            const WithinFields& within, bool at_return) {
  std::optional<LabelField> field;
  std::string reasons;
  for (const config::ValueLabel& one : source.alternatives) {
    const std::string& text = one.value.text;
    Result<LabelField> stored = add_alternative(one, within, at_return);
    if (!stored) {
      compiler_at(at_return).take_paths();
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", text, stored.error().message);
      continue;
    }
    if (field && (field->kind != stored->kind || field->size != stored->size)) {
      return fail(ErrorCode::kUnsupported, "{} is of another type than what stands before it", text);
    }
    const bool is_signed = field && field->is_signed;
    field = *std::move(stored);
    field->is_signed = field->is_signed || is_signed;
    if (!one.within) {
      note_read(fmt::format("label {}", name), at_return, text);
    }
  }
  if (!field) {
    return fail(ErrorCode::kNotFound, "{}", reasons);
  }
  if (!reasons.empty()) {
    probe_.notes.push_back(fmt::format("label {}, left out of first: {}", name, reasons));
  }
  if (std::ranges::any_of(source.alternatives, config::is_grouped)) {
    field->transforms.push_back({.kind = config::Transform::Kind::kGroupPath});
  }
  std::ranges::copy(source.transforms, std::back_inserter(field->transforms));
  field->absent = absent_text(source.transforms);
  return *std::move(field);
}

Result<> ProbeCompiler::add_label(const config::Label& label, const WithinFields& within) {
  LabelField field;
  bool at_return = false;
  if (const auto* constant = std::get_if<config::ConstantLabel>(&label.source)) {
    field.kind = LabelField::Kind::kConstant;
    field.cases.push_back(constant->text);
  } else if (const auto* cases = std::get_if<config::CasesLabel>(&label.source)) {
    for (const config::CasesLabel::Case& one : cases->cases) {
      ASSIGN_OR_RETURN(const bool is_late, needs_return(one.condition.expression));
      at_return = at_return || is_late;
    }
    ASSIGN_OR_RETURN(field, add_cases(*cases, at_return));
    for (const config::CasesLabel::Case& one : cases->cases) {
      note_read(fmt::format("label {} = {}", label.name, one.name), at_return, one.condition.text);
    }
  } else if (const auto* first = std::get_if<config::FirstLabel>(&label.source)) {
    at_return = is_first_late(*first);
    ASSIGN_OR_RETURN(field, add_first(label.name, *first, within, at_return));
  } else {
    const auto& value = std::get<config::ValueLabel>(label.source);
    if (value.within) {
      ASSIGN_OR_RETURN(field, add_within(value, within));
      std::ranges::copy(value.transforms, std::back_inserter(field.transforms));
      field.absent = absent_text(value.transforms);
      at_return = true;
    } else {
      ASSIGN_OR_RETURN(at_return, needs_return(value.value.expression));
      ASSIGN_OR_RETURN(field, add_value(value, at_return));
      if (field.size != 0) {
        note_read(fmt::format("label {}", label.name), at_return, value.value.text);
      }
    }
  }
  field.name = label.name;
  place_label(std::move(field), at_return);
  return {};
}

// ---- conditions ----

Result<> ProbeCompiler::add_conjunct(const Expression& part, std::optional<NodeId>& enter,
                                     std::optional<NodeId>& leave) {
  if (part.kind == Expression::Kind::kBinary && part.text == "&&") {
    RETURN_IF_ERROR(add_conjunct(part.operands.at(0), enter, leave));
    return add_conjunct(part.operands.at(1), enter, leave);
  }
  ASSIGN_OR_RETURN(const bool at_return, needs_return(part));
  ASSIGN_OR_RETURN(const NodeId condition, compiler_at(at_return).evaluate_condition(part));
  std::optional<NodeId>& all = at_return ? leave : enter;
  all = all ? graph_at(at_return).logic(OP_AND, *all, condition) : condition;
  return {};
}

// What only needs arguments is decided at entry: a call that is not wanted then costs no frame.
Result<> ProbeCompiler::set_condition(const LocatedExpression& condition) {
  RETURN_IF_ERROR(add_conjunct(condition.expression, enter_when_, leave_when_));
  if (enter_when_) {
    graphs_.enter.keep(*enter_when_);
    note_read("when", false, condition.text);
  }
  if (leave_when_) {
    graphs_.leave.keep(*leave_when_);
    needs_leave_ = true;
    note_read("when", true, condition.text);
  }
  return {};
}

// ---- records ----

Result<bool> ProbeCompiler::fires_at_return(const config::Record& record) const {
  if (record.kind == RecordKind::kInFlight || record.kind == RecordKind::kPoll) {
    return false;
  }
  const bool has_labels = record.kind != RecordKind::kPairDown;
  if (record.kind == RecordKind::kDuration || leave_when_ || (has_labels && !labels_at_return_.empty())) {
    return true;
  }
  for (const std::optional<LocatedExpression>* located : {&record.value, &record.when}) {
    if (*located) {
      ASSIGN_OR_RETURN(const bool is_late, needs_return((*located)->expression));
      if (is_late) {
        return true;
      }
    }
  }
  return false;
}

void ProbeCompiler::add_condition_to(PendingRecord& pending, NodeId condition, bool at_return) {
  pending.when = pending.when ? graph_at(at_return).logic(OP_AND, *pending.when, condition) : condition;
}

Result<> ProbeCompiler::require_labels_at_entry(const config::Metric& metric, const char* what) const {
  for (const std::string& label : metric.labels) {
    if (labels_at_return_.contains(label)) {
      return fail(ErrorCode::kUnsupported,
                  "{} needs its labels at the entry, but {} is known only at the return", what, label);
    }
  }
  if (leave_when_) {
    return fail(ErrorCode::kUnsupported,
                "{} needs its condition at the entry, but when: is known only at the return", what);
  }
  return {};
}

// Slots of the series value: one for a count, two for a gauge (value and time), sum and buckets for a
// histogram.
void ProbeCompiler::take_slots(PlannedRecord& planned) {
  std::size_t slots = 0;
  switch (planned.kind) {
    case RecordKind::kCount:
      slots = 1;
      break;
    case RecordKind::kSet:
      slots = 2;
      break;
    case RecordKind::kDuration:
    case RecordKind::kObserve:
      slots = planned.bounds.size() + 2;
      break;
    default:
      break;
  }
  planned.slot = probe_.slots;
  probe_.slots = static_cast<std::uint16_t>(probe_.slots + slots);
}

Result<> ProbeCompiler::add_number(const config::Record& record, const config::Metric& metric,
                                   PlannedRecord& planned, PendingRecord& pending) {
  bool is_time = record.kind == RecordKind::kDuration;
  if (record.value) {
    OperationGraph& graph = graph_at(planned.at_return);
    ASSIGN_OR_RETURN(const Integer value,
                     compiler_at(planned.at_return).evaluate_integer(record.value->expression));
    pending.value = value.node;
    graph.keep(value.node);
    if (graph.can_fail(value.node) || !value.guards.empty()) {
      add_condition_to(pending, graph.is_valid(value.node, value.guards), planned.at_return);
    }
    is_time = value.is_nanoseconds;
  }
  const std::optional<double> nanoseconds = is_time ? nanoseconds_per(metric.unit) : std::nullopt;
  if (record.kind == RecordKind::kDuration && !nanoseconds) {
    return fail(ErrorCode::kUnsupported, "a duration needs unit: ns, us, ms or s");
  }
  planned.scale = 1 / nanoseconds.value_or(1);
  if (record.kind == RecordKind::kDuration || record.kind == RecordKind::kObserve) {
    planned.bounds = whole_bounds(metric.buckets, nanoseconds.value_or(1));
  }
  return {};
}

// The address that tells objects apart: a pointer, what an interface points to, or any number.
Result<> ProbeCompiler::add_object(const config::Record& record, const PlannedRecord& planned,
                                   PendingRecord& pending) {
  if (!record.value) {
    return fail(ErrorCode::kInvalidConfig, "key: is missing");
  }
  OperationGraph& graph = graph_at(planned.at_return);
  ASSIGN_OR_RETURN(const Value value, compiler_at(planned.at_return).evaluate_read(record.value->expression));
  Word word;
  if (const auto* place = std::get_if<Place>(&value)) {
    const bool is_interface = (*lookup_)[place->type].kind == inspect::TypeKind::kInterface;
    const bool is_struct = (*lookup_)[place->type].kind == inspect::TypeKind::kStruct;
    if (is_struct) {
      return fail(ErrorCode::kUnsupported, "{}: a {} is no key; use a pointer or a number",
                  record.value->text, (*lookup_)[place->type].name);
    }
    ASSIGN_OR_RETURN(word, word_at(graph, *lookup_, *place, is_interface ? kWord : 0));
  } else if (const auto* integer = std::get_if<Integer>(&value)) {
    word = {integer->node, integer->guards};
  } else {
    return fail(ErrorCode::kUnsupported, "{}: {} is no key; use a pointer or a number", record.value->text,
                kind_of(*lookup_, value));
  }
  pending.value = word.node;
  graph.keep(word.node);
  add_condition_to(pending, graph.truth(word.node, word.guards), planned.at_return);
  return {};
}

// The first parameter that an expression names.
Result<std::optional<std::string>> ProbeCompiler::first_root(const Expression& expression) const {
  if (expression.kind == Expression::Kind::kIdentifier) {
    ASSIGN_OR_RETURN(const ScopeName name, scope_->find(expression.text));
    if (name.kind == ScopeName::Kind::kParameter || name.kind == ScopeName::Kind::kCapturedWord ||
        name.kind == ScopeName::Kind::kCapturedVariable) {
      return expression.text;
    }
  }
  for (const Expression& operand : expression.operands) {
    ASSIGN_OR_RETURN(std::optional<std::string> root, first_root(operand));
    if (root) {
      return root;
    }
  }
  return std::nullopt;
}

Result<> ProbeCompiler::add_poll(const config::Record& record, const config::Metric& metric,
                                 PlannedRecord& planned, PendingRecord& pending) {
  RETURN_IF_ERROR(require_labels_at_entry(metric, "a polled gauge"));
  if (!record.value) {
    return fail(ErrorCode::kInvalidConfig, "poll: has no expression");
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> root, first_root(record.value->expression));
  if (!root) {
    return fail(ErrorCode::kUnsupported, "{}: names no object to poll; for calls alone use in_flight: true",
                record.value->text);
  }
  config::Record object = record;
  object.value = LocatedExpression{.expression = {.kind = Expression::Kind::kIdentifier,
                                                  .text = *root,
                                                  .integer = 0,
                                                  .type = {},
                                                  .operands = {},
                                                  .offset = 0},
                                   .text = *root,
                                   .position = record.position};
  RETURN_IF_ERROR(add_object(object, planned, pending));
  pending.object = graphs_.capture(pending.value.value_or(NodeId{}), {});
  at_entry_.take_paths();

  OperationGraph graph;
  ExpressionCompiler compiler(scope_, lookup_, facts_, &graphs_, &graph, ExpressionCompiler::Moment::kPoll);
  ASSIGN_OR_RETURN(const Integer value, compiler.evaluate_integer(record.value->expression));
  graph.result(value.node, value.guards);
  pending.poll = std::move(graph);
  probe_.reads.push_back(
      {fmt::format("{} poll", record.metric), false, record.value->text, compiler.take_paths(), true});
  needs_frame_ = needs_frame_ || config::calls(record.value->expression, "in_flight");
  const std::optional<double> nanoseconds =
      value.is_nanoseconds ? nanoseconds_per(metric.unit) : std::nullopt;
  planned.scale = 1 / nanoseconds.value_or(1);
  return {};
}

// What a record reads, by its kind.
Result<> ProbeCompiler::add_reads(const config::Record& record, const config::Metric& metric,
                                  PlannedRecord& planned, PendingRecord& pending) {
  switch (record.kind) {
    case RecordKind::kDuration:
      needs_frame_ = true;
      [[fallthrough]];
    case RecordKind::kCount:
    case RecordKind::kObserve:
    case RecordKind::kSet:
      return add_number(record, metric, planned, pending);
    case RecordKind::kPairUp:
    case RecordKind::kPairDown:
      return add_object(record, planned, pending);
    case RecordKind::kInFlight:
      needs_frame_ = true;
      return require_labels_at_entry(metric, "a gauge of calls in flight");
    case RecordKind::kPoll:
      return add_poll(record, metric, planned, pending);
  }
  return {};
}

Result<> ProbeCompiler::add_record(const config::Record& record, const config::Metric& metric) {
  PlannedRecord planned;
  planned.metric = record.metric;
  planned.kind = record.kind;
  planned.labels = metric.labels;
  planned.unit = metric.unit;
  planned.buckets = metric.buckets;
  PendingRecord pending;
  pending.index = probe_.records.size();
  ASSIGN_OR_RETURN(planned.at_return, fires_at_return(record));
  needs_leave_ = needs_leave_ || planned.at_return;
  if (record.when) {
    ASSIGN_OR_RETURN(const NodeId condition,
                     compiler_at(planned.at_return).evaluate_condition(record.when->expression));
    add_condition_to(pending, condition, planned.at_return);
    note_read(fmt::format("{} when", record.metric), planned.at_return, record.when->text);
  }
  RETURN_IF_ERROR(add_reads(record, metric, planned, pending));
  if (record.value && record.kind != RecordKind::kPoll) {
    note_read(fmt::format("{} {}", record.metric, key_of(record.kind)), planned.at_return,
              record.value->text);
  }
  if (pending.when) {
    graph_at(planned.at_return).keep(*pending.when);
  }
  take_slots(planned);
  probe_.records.push_back(std::move(planned));
  pending_.push_back(std::move(pending));
  return {};
}

// ---- the whole ----

Result<PlannedProbe> ProbeCompiler::compile(const ProbeRequest& request) {
  const auto sees_panics = [](const LocatedExpression* located) {
    return config::mentions(located->expression, "panicked");
  };
  if (std::ranges::any_of(expressions_of(*request.probe), sees_panics)) {
    at_return_.guard_results_against_panics();
    needs_frame_ = true;
  }
  for (const config::Label& label : request.probe->labels) {
    if (!is_label_used(request, label.name)) {
      continue;
    }
    if (auto added = add_label(label, *request.within); !added) {
      return with_context(std::move(added.error()), "label {}", label.name);
    }
  }
  probe_.labels_size = values_end_;
  if (request.probe->when) {
    if (auto set = set_condition(*request.probe->when); !set) {
      return with_context(std::move(set.error()), "when");
    }
  }
  for (const config::Record& record : request.probe->records) {
    const config::Metric* metric = metric_named(*request.config, record.metric);
    if (metric == nullptr) {
      return fail(ErrorCode::kInvalidConfig, "metric {} is not defined", record.metric);
    }
    if (auto added = add_record(record, *metric); !added) {
      return with_context(std::move(added.error()), "record {}", record.metric);
    }
  }
  note_early_reads(request);
  probe_.outermost = request.probe->outermost;
  needs_frame_ = needs_frame_ || probe_.outermost;
  return finish();
}

Result<PlannedProbe> ProbeCompiler::compile_helper(const std::vector<WithinRead>& reads) {
  for (const WithinRead& read : reads) {
    ASSIGN_OR_RETURN(const bool at_return, needs_return(read.value.expression));
    ASSIGN_OR_RETURN(const Value value, compiler_at(at_return).evaluate_basic(read.value.expression));
    Result<LabelField> field =
        store_label(graph_at(at_return), *lookup_, value, values_end_, read.form, Presence::kAlways);
    if (!field) {
      return with_context(std::move(field.error()), "{}", read.value.text);
    }
    if (field->size == 0) {
      return fail(ErrorCode::kUnsupported, "{}: it is a constant; there is nothing to read", read.value.text);
    }
    note_read("read", at_return, read.value.text);
    place_label(*std::move(field), at_return);
  }
  return finish();
}

Result<PlannedProbe> ProbeCompiler::compile_identity(const config::IdentityLabel& label) {
  ASSIGN_OR_RETURN(const Value value, at_entry_.evaluate_basic(label.value.expression));
  Result<LabelField> field =
      store_label(graphs_.enter, *lookup_, value, 0, {.max_length = ABI_STRING / 2}, Presence::kWhereNeeded);
  if (!field) {
    return with_context(std::move(field.error()), "{}", label.value.text);
  }
  if (field->size == 0) {
    return fail(ErrorCode::kUnsupported, "{}: it is a constant; there is nothing to learn", label.value.text);
  }
  // The first call may come before the value is set: it is learnt from one that has it.
  if (const auto* text = std::get_if<Text>(&value)) {
    enter_when_ = graphs_.enter.compare(OP_BELOW, graphs_.enter.constant(0), text->length, text->guards);
  } else if (const auto* integer = std::get_if<Integer>(&value); integer != nullptr && field->optional) {
    enter_when_ = graphs_.enter.is_valid(integer->node, integer->guards);
  }
  if (enter_when_) {
    graphs_.enter.keep(*enter_when_);
  }
  field->name = label.name;
  note_read(fmt::format("identity {}", label.name), false, label.value.text);
  place_label(*std::move(field), false);
  probe_.labels_size = values_end_;
  return finish();
}

Result<> ProbeCompiler::finish_records(const std::map<NodeId, std::uint8_t>& enter,
                                       const std::map<NodeId, std::uint8_t>& leave) {
  const std::uint64_t base = (values_end_ + kWord - 1) / kWord * kWord;
  for (PendingRecord& pending : pending_) {
    PlannedRecord& planned = probe_.records[pending.index];
    const std::map<NodeId, std::uint8_t>& kept = planned.at_return ? leave : enter;
    planned.value = pending.value ? std::optional(kept.at(*pending.value)) : std::nullopt;
    planned.when = pending.when ? std::optional(kept.at(*pending.when)) : std::nullopt;
    if (pending.object) {
      planned.object_value = static_cast<std::uint16_t>(base + *pending.object);
    }
    if (pending.poll) {
      Result<EmittedOperations> poll = emit_operations(*pending.poll, base);
      if (!poll) {
        return with_context(std::move(poll.error()), "record {}", planned.metric);
      }
      planned.poll.operations = std::move(poll->operations);
      planned.poll.text = pending.poll->text();
    }
  }
  return {};
}

Result<> ProbeCompiler::finish_phases() {
  // A helper's values are no key: what it captures lies behind all it reads.
  const std::uint64_t base = (values_end_ + kWord - 1) / kWord * kWord;
  Result<EmittedOperations> enter = emit_operations(graphs_.enter, base);
  if (!enter) {
    return with_context(std::move(enter.error()), "at entry");
  }
  Result<EmittedOperations> leave = emit_operations(graphs_.leave, base);
  if (!leave) {
    return with_context(std::move(leave.error()), "at return");
  }
  probe_.enter.operations = std::move(enter->operations);
  probe_.enter.text = graphs_.enter.text();
  probe_.leave.operations = std::move(leave->operations);
  probe_.leave.text = graphs_.leave.text();
  if (enter_when_) {
    probe_.enter.when = enter->kept.at(*enter_when_);
  }
  if (leave_when_) {
    probe_.leave.when = leave->kept.at(*leave_when_);
  }
  const std::uint64_t captured = graphs_.captured.size() * kWord;
  const std::uint64_t size = captured == 0 ? values_end_ : base + captured;
  if (size > ABI_VALUES) {
    return fail(ErrorCode::kUnsupported, "{} bytes of values are needed, {} are possible; lower max_length",
                size, +ABI_VALUES);
  }
  probe_.values_size = static_cast<std::uint16_t>(size);
  return finish_records(enter->kept, leave->kept);
}

Result<> ProbeCompiler::check_limits() const {
  const auto late =
      static_cast<std::size_t>(std::ranges::count(probe_.records, true, &PlannedRecord::at_return));
  if (std::max(late, probe_.records.size() - late) > ABI_RECORDS) {
    return fail(ErrorCode::kUnsupported, "more than {} records in one probe; write a second probe",
                +ABI_RECORDS);
  }
  std::set<std::vector<std::int64_t>> distinct;
  std::size_t bounds = 0;
  for (const PlannedRecord& record : probe_.records) {
    bounds += distinct.insert(record.bounds).second ? record.bounds.size() : 0;
  }
  if (bounds > ABI_BOUNDS) {
    return fail(ErrorCode::kUnsupported,
                "{} different buckets in one probe, {} are possible; write a second probe", bounds,
                +ABI_BOUNDS);
  }
  return {};
}

// What the function fills in is not there when it is called: "" or 0 would be counted. Where only counts at
// the entry are wanted, or a gauge of running calls needs the label, a later read is no choice.
void ProbeCompiler::note_early_reads(const ProbeRequest& request) {
  if (!needs_leave_ && graphs_.leave.statements().empty()) {
    return;
  }
  for (const PlannedRead& read : probe_.reads) {
    const bool follows_pointer = std::ranges::any_of(
        read.paths, [](const std::string& path) { return path.find("->") != std::string::npos; });
    if (!read.at_return && !read.is_polled && follows_pointer && !is_needed_at_entry(request, read)) {
      probe_.notes.push_back(
          fmt::format("{} is read when the call begins; if the call sets what it reads, write at_return({})",
                      read.what, read.expression));
    }
  }
}

Result<PlannedProbe> ProbeCompiler::finish() {
  RETURN_IF_ERROR(finish_phases());
  RETURN_IF_ERROR(check_limits());
  needs_leave_ = needs_leave_ || !graphs_.leave.statements().empty();
  const bool keeps_something = has_entry_labels_ || enter_when_ || !graphs_.captured.empty();
  probe_.framed = needs_frame_ || (needs_leave_ && keeps_something);
  return std::move(probe_);
}

}  // namespace plan
