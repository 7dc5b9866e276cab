#include "config/parse_records.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/find_by_name.hpp"

namespace config {
namespace {

// Reads one entry that is a mapping, or names a metric.
class RecordReader {
 public:
  RecordReader(const YamlNode* node, std::string owner, const std::vector<Metric>* metrics,
               const YamlReader* reader)
      : node_(node), reader_(reader), metrics_(metrics), owner_(std::move(owner)) {}

  // Nothing if it does not say which metric.
  std::optional<Record> read();

 private:
  [[nodiscard]] std::optional<Record> metric_alone(const YamlNode& name) const;
  [[nodiscard]] std::optional<Record> mapping() const;
  RecordKind default_kind(const Metric* metric, const YamlNode& name) const;
  void read_action(const YamlEntry& action, const Metric* metric, Record& record) const;
  void read_add(const YamlNode& amount, const Metric* metric, Record& record) const;
  void read_pair(const YamlNode& amount, const YamlNode& key, Record& record) const;
  [[nodiscard]] const YamlEntry* single_action() const;

  [[nodiscard]] const YamlNode* find(std::string_view key) const { return find_value(*node_, key); }

  [[nodiscard]] Field field(std::string_view key) const { return {owner_, std::string(key)}; }

  [[nodiscard]] Problems& problems() const { return reader_->problems(); }

  const YamlNode* node_;                // the caller's
  const YamlReader* reader_;            // the caller's
  const std::vector<Metric>* metrics_;  // the caller's
  std::string owner_;
};

constexpr std::array<std::string_view, 5> kActions = {"add", "observe", "set", "in_flight", "poll"};

std::optional<Record> RecordReader::read() {
  return node_->kind == YamlNode::Kind::kScalar ? metric_alone(*node_) : mapping();
}

std::optional<Record> RecordReader::metric_alone(const YamlNode& name) const {
  Record record;
  record.metric = name.text;
  record.position = name.position;
  record.kind = default_kind(find_by_name(*metrics_, record.metric), name);
  return record;
}

std::optional<Record> RecordReader::mapping() const {
  if (!reader_->expect_mapping(*node_, owner_,
                               {"metric", "when", "add", "key", "observe", "set", "in_flight", "poll"})) {
    return std::nullopt;
  }
  const YamlNode* const name = reader_->require(*node_, owner_, "metric", "name of a metric");
  if (name == nullptr || !reader_->text(*name, field("metric"))) {
    return std::nullopt;
  }
  Record record;
  record.metric = name->text;
  record.position = name->position;
  const Metric* const metric = find_by_name(*metrics_, record.metric);
  if (const YamlEntry* const action = single_action()) {
    read_action(*action, metric, record);
  } else {
    record.kind = default_kind(metric, *name);
  }
  if (const YamlNode* const when = find("when")) {
    record.when = reader_->expression(*when, field("when"));
  }
  const YamlNode* const key = find("key");
  if (key != nullptr && find("add") == nullptr) {
    problems().add(key->position, "{}: \"key\" belongs to add: 1 or add: -1, which is not there", owner_);
  }
  return record;
}

// The entry that says what to record; nullptr where the metric alone says it.
const YamlEntry* RecordReader::single_action() const {
  const YamlEntry* first = nullptr;
  for (const YamlEntry& entry : node_->entries) {
    if (std::ranges::find(kActions, entry.key.text) == kActions.end()) {
      continue;
    }
    if (first != nullptr) {
      problems().add(entry.key.position,
                     "{}: \"{}\" stands beside \"{}\"; one record does one of add, observe, set, "
                     "in_flight, poll",
                     owner_, entry.key.text, first->key.text);
      continue;
    }
    first = &entry;
  }
  return first;
}

RecordKind RecordReader::default_kind(const Metric* metric, const YamlNode& name) const {
  if (metric != nullptr && metric->kind == MetricKind::kHistogram) {
    return RecordKind::kDuration;
  }
  if (metric != nullptr && metric->kind == MetricKind::kGauge) {
    problems().add(name.position,
                   "{}: gauge \"{}\" does not say what it shows; write {{ metric: {}, ... }} with "
                   "in_flight: true, set: expression, poll: expression, or add: 1 and key: expression",
                   owner_, name.text, name.text);
    return RecordKind::kSet;
  }
  return RecordKind::kCount;
}

void RecordReader::read_action(const YamlEntry& action, const Metric* metric, Record& record) const {
  const std::string& key = action.key.text;
  if (key == "add") {
    read_add(action.value, metric, record);
    return;
  }
  if (key == "in_flight") {
    record.kind = RecordKind::kInFlight;
    const std::optional<bool> on = reader_->boolean(action.value, field(key));
    if (on == false) {
      problems().add(action.value.position, "{}: \"in_flight\" is false; write true, or leave it out",
                     owner_);
    }
    return;
  }
  record.kind = key == "observe" ? RecordKind::kObserve : key == "set" ? RecordKind::kSet : RecordKind::kPoll;
  record.value = reader_->expression(action.value, field(key));
}

void RecordReader::read_add(const YamlNode& amount, const Metric* metric, Record& record) const {
  const YamlNode* const key = find("key");
  const bool is_gauge = metric != nullptr && metric->kind == MetricKind::kGauge;
  if (is_gauge && key != nullptr) {
    read_pair(amount, *key, record);
    return;
  }
  record.kind = is_gauge ? RecordKind::kSet : RecordKind::kCount;
  record.value = reader_->expression(amount, field("add"));
  if (is_gauge) {
    problems().add(amount.position,
                   "{}: gauge \"{}\" adds without a \"key\"; write key: expression, the object that "
                   "is counted once, like key: recv",
                   owner_, record.metric);
  } else if (key != nullptr && metric != nullptr) {
    problems().add(key->position, R"({}: "key" belongs to a gauge; "{}" is none)", owner_, record.metric);
  }
}

// +1 when an object appears, -1 when it goes.
void RecordReader::read_pair(const YamlNode& amount, const YamlNode& key, Record& record) const {
  record.kind = RecordKind::kPairUp;
  record.value = reader_->expression(key, field("key"));
  const std::optional<LocatedExpression> parsed = reader_->expression(amount, field("add"));
  if (!parsed) {
    return;
  }
  const std::string step = to_string(parsed->expression);
  if (step == "-1") {
    record.kind = RecordKind::kPairDown;
  } else if (step != "1") {
    record.kind = RecordKind::kSet;
    problems().add(amount.position, R"({}: "add" with a "key" is "{}"; it must be 1 or -1)", owner_, step);
  }
}

}  // namespace

ParsedRecords parse_records(const YamlNode& node, const std::string& owner,
                            const std::vector<Metric>& metrics, const YamlReader& reader) {
  ParsedRecords parsed;
  if (node.kind != YamlNode::Kind::kSequence || node.items.empty()) {
    reader.problems().add(
        node.position, "{}: \"record\" is {}; it must be a list of metrics, like [request_total]", owner,
        node.items.empty() && node.kind == YamlNode::Kind::kSequence ? "an empty list"
                                                                     : description_of(node));
    parsed.is_complete = false;
    return parsed;
  }
  for (const YamlNode& item : node.items) {
    std::optional<Record> record = RecordReader(&item, owner + ": record", &metrics, &reader).read();
    if (record) {
      parsed.records.push_back(std::move(*record));
    } else {
      parsed.is_complete = false;
    }
  }
  return parsed;
}

}  // namespace config
