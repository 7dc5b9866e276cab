// make_pages SEED COUNT FOLDER: writes the pages of COUNT random configurations, N.text and N.openmetrics.
// The configurations that are refused for their names have a file N.refused in addition, with the reason;
// their pages are those that would have been.
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "config/validate_metric_names.hpp"
#include "expose/openmetrics_format.hpp"
#include "expose/text_format.hpp"
#include "metrics/build_snapshot.hpp"
#include "metrics/self_metrics.hpp"

namespace {

using config::Metric;
using config::MetricKind;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::vector<Metric> metrics() {
    std::vector<Metric> all;
    for (std::size_t left = 1 + below(5); left > 0; --left) {
      Metric one = metric();
      bool is_new = true;
      for (const Metric& other : all) {
        is_new = is_new && other.name != one.name;
      }
      if (is_new) {
        all.push_back(std::move(one));
      }
    }
    return all;
  }

  // At least one of each metric, so that all that can meet does.
  std::vector<collect::Sample> samples(const std::vector<Metric>& metrics) {
    std::vector<collect::Sample> all;
    for (const Metric& metric : metrics) {
      for (std::size_t left = 1 + below(4); left > 0; --left) {
        all.push_back(sample(metric));
      }
    }
    return all;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  template <class T>
  T one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  std::string name() {
    std::string text = one_of<std::string>({"x", "x", "x", "x_ms", "a:b", "_", "process", "uprobe_exporter"});
    for (std::size_t left = below(3); left > 0; --left) {
      text += one_of<std::string>({"_total", "_total", "_created", "_bucket", "_sum", "_count", "_info",
                                   "_gcount", "_gsum", "_seconds"});
    }
    return text.starts_with("process_") || text.starts_with("uprobe_exporter_") ? "x" : text;
  }

  Metric metric() {
    Metric metric;
    metric.name = name();
    metric.kind = one_of<MetricKind>({MetricKind::kCounter, MetricKind::kCounter, MetricKind::kHistogram,
                                      MetricKind::kGauge, MetricKind::kRatio});
    metric.help = one_of<std::string>({"Help.", "", "two\nlines \\ and \"quotes\"", " ", "\xff"});
    metric.unit = one_of<std::string>({"", "", "ms", "s", "seconds", "total", "weird unit"});
    for (const char* const label : {"service", "quantile", "a", "created"}) {
      if (below(3) == 0) {
        metric.labels.emplace_back(label);
      }
    }
    if (metric.kind == MetricKind::kHistogram) {
      metric.buckets =
          one_of<std::vector<double>>({{1}, {0.001, 0.25, 1e9}, {-5, 0, 5}, {1e-9, 1e21, 1.5e300}, {0}});
    }
    return metric;
  }

  collect::Sample sample(const Metric& metric) {
    collect::Sample sample;
    sample.metric = metric.name;
    sample.service = "s";
    for (std::size_t i = 0; i < metric.labels.size(); ++i) {
      sample.labels.push_back(one_of<std::string>({"", "v", "two\nlines", "\"quoted\"", "back\\slash",
                                                   "\xc3\xa9", "\xff\xfe", "a,b=\"c\"}", "# EOF"}));
    }
    sample.number = one_of<double>({0, 1, 0.5, 1e15, 123456789});
    if (metric.kind == MetricKind::kGauge) {
      sample.number *= one_of<double>({1, -1});
    }
    for (std::size_t i = 0; metric.kind == MetricKind::kHistogram && i <= metric.buckets.size(); ++i) {
      sample.buckets.push_back(below(3));
      sample.number -= metric.buckets.front() < 0 ? 2 : 0;
    }
    return sample;
  }

  std::mt19937 random_;
};

metrics::Snapshot snapshot_of(const std::vector<Metric>& metrics,
                              const std::vector<collect::Sample>& samples) {
  metrics::Began began;
  for (const Metric& metric : metrics) {
    if (metric.kind == MetricKind::kCounter || metric.kind == MetricKind::kHistogram) {
      began["s"][metric.name] = 1700000000.25;
    }
  }
  metrics::SelfState self;
  self.process.emplace();
  return metrics::with_families(metrics::build_snapshot(metrics, samples, std::nullopt, began),
                                metrics::self_metrics(self));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  Maker maker(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)));
  const unsigned long count = std::strtoul(argv[2], nullptr, 10);
  for (unsigned long i = 0; i < count; ++i) {
    const std::vector<Metric> metrics = maker.metrics();
    const metrics::Snapshot snapshot = snapshot_of(metrics, maker.samples(metrics));
    const std::string base = std::string(argv[3]) + "/" + std::to_string(i);
    std::ofstream(base + ".text", std::ios::binary) << expose::text_format(snapshot);
    std::ofstream(base + ".openmetrics", std::ios::binary) << expose::openmetrics_format(snapshot);
    config::Problems problems;
    config::validate_metric_names(metrics, problems);
    if (!problems.empty()) {
      std::ofstream(base + ".refused", std::ios::binary) << problems.error("").message;
    }
  }
  return 0;
}
