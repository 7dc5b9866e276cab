// Counts of probes that do not exist any more: of binaries that were replaced, of probes that were changed or
// left out. The metrics that they fed may still exist, and a counter never goes down.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "collect/metric_shape.hpp"
#include "collect/process_table.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"

namespace collect {

struct Totals {
  // Counters and histograms. With a process number: some labels are that process's own
  // (Sample::process_labels), and the sample goes with it.
  std::vector<Sample> samples;
  std::vector<Loss> losses;
  std::map<std::string, std::uint64_t> hits;  // by probe
  // Service -> counter or histogram -> when it was 0, in seconds since 1970; 0: before anybody wrote it down.
  std::map<std::string, std::map<std::string, double>> began;
  // Ids of pinned counts that are in here and not removed yet (attach::counts_id): nothing is added twice.
  std::vector<std::uint32_t> merged;
  // By metric: what the samples of that name are.
  std::map<std::string, MetricShape> shapes;

  bool operator==(const Totals&) const = default;
};

// Adds what `samples` count to those of equal labels. A metric has at most `limits` series here, those of the
// overflow series not counted: what is beyond is added to the overflow series.
void add_samples(Totals& totals, std::span<const Sample> samples,
                 const std::map<std::string, std::size_t>& limits = {});

void add_losses(Totals& totals, std::span<const Loss> losses);

// Leaves out the samples of a process.
void forget_process(Totals& totals, std::uint32_t process);

// The configuration is another: what has been counted is told in the labels and buckets that the metrics have
// now. A label that is new is "", labels that are gone are summed over, buckets are merged. Returns the
// metrics whose counts cannot be told so and start again at 0: of another kind or unit, or with a bucket that
// was not there before.
[[nodiscard]] std::vector<std::string> adapt(Totals& totals, const std::vector<config::Metric>& metrics);

// The samples of metrics that the configuration has, as a scrape shows them. Those that wait for a label of a
// process are left out; of a process that is gone the label is "".
[[nodiscard]] std::vector<Sample> shown_totals(const Totals& totals,
                                               const std::vector<config::Metric>& metrics,
                                               const ProcessTable& processes);

// As bytes, for the next exporter.
[[nodiscard]] std::string encode_totals(const Totals& totals);

// kUnsupported: these are not the bytes of totals.
[[nodiscard]] base::Result<Totals> decode_totals(std::string_view bytes);

}  // namespace collect
