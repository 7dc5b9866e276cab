#include "config/parse_metrics.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/own_metric_names.hpp"
#include "config/prometheus_names.hpp"

namespace config {
namespace {

constexpr std::uint32_t kMaxSeries = 1'000'000;
constexpr std::size_t kMaxBuckets = 64;
constexpr std::array<std::string_view, 5> kRatioKeys = {"of", "label", "hit", "miss", "window"};

// For milliseconds: from what a cache needs to what a user gives up on. Other units of time get the same
// times.
std::vector<double> default_buckets(const std::string& unit) {
  std::vector<double> buckets = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};
  for (double& bound : buckets) {
    // Divided, not multiplied by 0.001: 25 / 1000 is the very number that "0.025" reads as.
    bound = unit == "s" ? bound / 1000 : unit == "us" ? bound * 1e3 : unit == "ns" ? bound * 1e6 : bound;
  }
  return buckets;
}

// Reads one metric; what is wrong with it goes to the problems.
class MetricReader {
 public:
  MetricReader(const YamlEntry* entry, const YamlReader* reader)
      : entry_(entry), reader_(reader), owner_(fmt::format("metric \"{}\"", entry->key.text)) {}

  // Nothing of it is left out: what cannot be read keeps its default.
  Metric read();

  // Whether type and labels were there, so that rules about them can be checked.
  [[nodiscard]] bool is_clear() const { return is_clear_; }

 private:
  void check_name() const;
  void read_kind(Metric& metric);
  void read_texts(Metric& metric) const;
  void read_labels(Metric& metric);
  [[nodiscard]] bool check_label(const LocatedText& name, const Metric& metric) const;
  void read_buckets(Metric& metric) const;
  void read_ratio(Metric& metric) const;
  [[nodiscard]] std::string required_text(std::string_view key, std::string_view example) const;

  [[nodiscard]] const YamlNode* find(std::string_view key) const { return find_value(entry_->value, key); }

  [[nodiscard]] Field field(std::string_view key) const { return {owner_, std::string(key)}; }

  [[nodiscard]] Problems& problems() const { return reader_->problems(); }

  const YamlEntry* entry_;    // the caller's
  const YamlReader* reader_;  // the caller's
  std::string owner_;
  bool is_clear_ = true;
};

Metric MetricReader::read() {
  Metric metric;
  metric.name = entry_->key.text;
  metric.position = entry_->key.position;
  check_name();
  if (!reader_->expect_mapping(entry_->value, owner_,
                               {"type", "help", "unit", "labels", "buckets", "max_series", "initialize", "of",
                                "label", "hit", "miss", "window"})) {
    is_clear_ = false;
    return metric;
  }
  read_kind(metric);
  read_texts(metric);
  read_labels(metric);
  read_buckets(metric);
  read_ratio(metric);
  if (const YamlNode* const max_series = find("max_series")) {
    metric.max_series =
        reader_->whole_number(*max_series, field("max_series"), 1, kMaxSeries).value_or(metric.max_series);
  }
  if (const YamlNode* const initialize = find("initialize")) {
    metric.initialize = reader_->boolean(*initialize, field("initialize")).value_or(metric.initialize);
  }
  return metric;
}

void MetricReader::check_name() const {
  const std::string& name = entry_->key.text;
  if (!is_metric_name(name)) {
    problems().add(entry_->key.position,
                   "{}: the name of a metric has letters, digits, _ and :, and no digit first", owner_);
  } else if (base::is_own_metric_name(name)) {
    problems().add(entry_->key.position, "{}: names with {} are the exporter's own; choose another", owner_,
                   fmt::join(base::kOwnMetricPrefixes, " and "));
  } else if (is_scrape_metric_name(name)) {
    problems().add(entry_->key.position,
                   "{}: Prometheus makes a metric of this name at each scrape; choose another", owner_);
  }
}

void MetricReader::read_kind(Metric& metric) {
  is_clear_ = false;
  const YamlNode* const type =
      reader_->require(entry_->value, owner_, "type", "counter, histogram, gauge or ratio");
  if (type == nullptr) {
    return;
  }
  const std::optional<std::string> word =
      reader_->one_of(*type, field("type"), {"counter", "histogram", "gauge", "ratio"});
  if (word) {
    is_clear_ = true;
    metric.kind = *word == "counter"     ? MetricKind::kCounter
                  : *word == "histogram" ? MetricKind::kHistogram
                  : *word == "gauge"     ? MetricKind::kGauge
                                         : MetricKind::kRatio;
  }
}

void MetricReader::read_texts(Metric& metric) const {
  metric.help = required_text("help", "What it counts.");
  if (const YamlNode* const unit = find("unit")) {
    metric.unit = reader_->text(*unit, field("unit")).value_or("");
  }
}

void MetricReader::read_labels(Metric& metric) {
  const YamlNode* const labels = find("labels");
  if (labels == nullptr) {
    return;
  }
  std::vector<LocatedText> names = reader_->texts(*labels, field("labels"));
  is_clear_ = is_clear_ && labels->kind == YamlNode::Kind::kSequence && names.size() == labels->items.size();
  for (LocatedText& name : names) {
    if (check_label(name, metric)) {
      metric.labels.push_back(std::move(name.text));
    } else {
      is_clear_ = false;
    }
  }
}

bool MetricReader::check_label(const LocatedText& name, const Metric& metric) const {
  if (!is_label_name(name.text)) {
    problems().add(name.position,
                   "{}: label \"{}\" must have letters, digits and _, no digit first and no __", owner_,
                   name.text);
    return false;
  }
  if (metric.kind == MetricKind::kHistogram && name.text == "le") {
    problems().add(name.position, "{}: label \"le\" is taken: it tells a histogram's buckets; choose another",
                   owner_);
    return false;
  }
  if (std::ranges::find(metric.labels, name.text) != metric.labels.end()) {
    problems().add(name.position, "{}: duplicate label \"{}\"; a label stands once", owner_, name.text);
    return false;
  }
  return true;
}

void MetricReader::read_buckets(Metric& metric) const {
  const YamlNode* const buckets = find("buckets");
  if (buckets == nullptr) {
    metric.buckets =
        metric.kind == MetricKind::kHistogram ? default_buckets(metric.unit) : std::vector<double>{};
    return;
  }
  if (is_clear_ && metric.kind != MetricKind::kHistogram) {
    problems().add(buckets->position,
                   "{}: \"buckets\" belong to a histogram; leave them out, or write "
                   "type: histogram",
                   owner_);
    return;
  }
  if (buckets->kind != YamlNode::Kind::kSequence || buckets->items.empty() ||
      buckets->items.size() > kMaxBuckets) {
    problems().add(buckets->position,
                   "{}: \"buckets\" must be a list of 1 to {} upper bounds, like [1, 10, 100]", owner_,
                   kMaxBuckets);
    return;
  }
  for (const YamlNode& item : buckets->items) {
    const std::optional<double> bound = reader_->number(item, field("buckets"));
    if (bound && !metric.buckets.empty() && *bound <= metric.buckets.back()) {
      problems().add(item.position, "{}: bucket {} comes after {}; bounds must ascend", owner_, *bound,
                     metric.buckets.back());
    } else if (bound) {
      metric.buckets.push_back(*bound);
    }
  }
}

void MetricReader::read_ratio(Metric& metric) const {
  if (metric.kind != MetricKind::kRatio) {
    for (const std::string_view key : kRatioKeys) {
      const YamlNode* const value = find(key);
      if (value != nullptr && is_clear_) {
        problems().add(value->position, "{}: \"{}\" belongs to a ratio; leave it out, or write type: ratio",
                       owner_, key);
      }
    }
    return;
  }
  RatioOf ratio;
  ratio.counter = required_text("of", "the counter that counts hits and misses");
  ratio.label = required_text("label", "the label that tells them apart");
  ratio.hit = required_text("hit", "its value for a hit");
  ratio.miss = required_text("miss", "its value for a miss");
  if (const YamlNode* const window = find("window")) {
    ratio.window = reader_->duration(*window, field("window")).value_or(ratio.window);
  }
  metric.ratio = std::move(ratio);
}

std::string MetricReader::required_text(std::string_view key, std::string_view example) const {
  const YamlNode* const node = reader_->require(entry_->value, owner_, key, example);
  return node == nullptr ? "" : reader_->text(*node, field(key)).value_or("");
}

}  // namespace

ParsedMetrics parse_metrics(const YamlNode& node, const YamlReader& reader) {
  ParsedMetrics parsed;
  if (!reader.expect_names(node, {"the file", "metrics"})) {
    return parsed;
  }
  for (const YamlEntry& entry : node.entries) {
    if (reader.problems().are_enough()) {
      break;
    }
    MetricReader metric(&entry, &reader);
    parsed.metrics.push_back(metric.read());
    if (!metric.is_clear()) {
      parsed.unclear.insert(entry.key.text);
    }
  }
  return parsed;
}

}  // namespace config
